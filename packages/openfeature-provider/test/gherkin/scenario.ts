import { createFlags, type FlagStore, type Flags, type FlagsError, memoryStore, type Who } from '@flagstone/core'
import {
  AsyncLocalStorageTransactionContextPropagator,
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type Hook,
  type JsonValue,
  OpenFeature,
} from '@openfeature/server-sdk'
import { ManualClock } from '../../../core/test/manual-clock.ts'
import { flagstoneProvider } from '../../src/index.ts'
import { metadataByName, newFlags } from './test-flags.ts'
import { evaluate, type ValueType } from './typed-value.ts'

/** What a scenario asks for. */
export interface EvaluationCall {
  readonly type: ValueType
  readonly name: string
  readonly fallback: JsonValue
}

let count = 0

/** The real SDK over a real client on a store in memory, in a domain of its own. */
export class Scenario {
  readonly domain = `scenario-${++count}`
  readonly clock = new ManualClock()
  readonly client: Client = OpenFeature.getClient(this.domain)
  /** Where the store's failures come from, while it has some. */
  storeError: (() => Promise<never>) | undefined
  /** Whom Flagstone was asked for last. */
  lastContext: Who | undefined
  call: EvaluationCall | undefined
  context: Record<string, EvaluationContext[string]> = {}
  transaction: EvaluationContext = {}
  hooks: Hook[] = []
  /** Notes of hooks and steps, in order. */
  readonly notes: string[] = []
  levels: readonly string[] = []
  #details: EvaluationDetails<JsonValue> | undefined
  readonly #open: Flags[] = []

  /** Puts a provider in place. Resolves when the SDK has initialised it, well or badly. */
  async provide(): Promise<void> {
    await OpenFeature.setProviderAndWait(this.domain, this.#provider()).catch(() => undefined)
  }

  /** Puts a provider in place and does not wait. */
  provideLater(): void {
    OpenFeature.setProvider(this.domain, this.#provider())
  }

  async evaluate(): Promise<void> {
    const { type, name, fallback } = this.requiredCall
    const options = { hooks: this.hooks }
    this.#details = await this.#inTransaction(() => evaluate(this.client, type, name, fallback, this.context, options))
  }

  get requiredCall(): EvaluationCall {
    if (this.call === undefined) throw new Error('Nothing was asked yet.')
    return this.call
  }

  get details(): EvaluationDetails<JsonValue> {
    if (this.#details === undefined) throw new Error('Nothing was answered yet.')
    return this.#details
  }

  async end(): Promise<void> {
    OpenFeature.setContext({})
    await OpenFeature.clearProviders()
    await this.clock.until(Promise.all(this.#open.map((client) => client.close())))
  }

  #provider(): ReturnType<typeof flagstoneProvider> {
    const metadata = metadataByName()
    const store = this.#fragile(memoryStore({ flags: newFlags(), clock: this.clock }))
    const client = createFlags({ store, clock: this.clock })
    this.#open.push(client)
    const listening = {
      evaluate: (name: string, who?: Who) => {
        this.lastContext = who
        return client.evaluate(name, who)
      },
      ready: () => client.ready(),
      on: client.on.bind(client),
      stats: () => client.stats(),
    }
    return flagstoneProvider(listening, { flagMetadata: ({ name }) => metadata.get(name) ?? {} })
  }

  #fragile(store: FlagStore): FlagStore {
    return Object.assign(store, {
      head: this.#unlessTroubled(store.head.bind(store)),
      load: this.#unlessTroubled(store.load.bind(store)),
      changesSince: this.#unlessTroubled(store.changesSince.bind(store)),
    })
  }

  #unlessTroubled<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return (...args) => this.storeError?.() ?? call(...args)
  }

  #inTransaction<T>(work: () => Promise<T>): Promise<T> {
    OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator())
    return new Promise((resolve, reject) => {
      OpenFeature.setTransactionContext(this.transaction, () => void work().then(resolve, reject))
    })
  }
}

/** A store's failure that says so at once. */
export function rejecting(error: Error | FlagsError): () => Promise<never> {
  return () => Promise.reject(error)
}
