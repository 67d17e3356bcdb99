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

/** The evaluation of a scenario. */
export interface EvaluationCall {
  readonly type: ValueType
  readonly name: string
  readonly fallback: JsonValue
}

let count = 0

/** One scenario: the real SDK and a real client with a memory store, in a domain of its own. */
export class Scenario {
  readonly domain = `scenario-${++count}`
  readonly clock = new ManualClock()
  readonly client: Client = OpenFeature.getClient(this.domain)
  /** Fails the store's calls, if it is set. */
  storeError: (() => Promise<never>) | undefined
  /** The context of the last evaluation, as Flagstone got it. */
  lastContext: Who | undefined
  call: EvaluationCall | undefined
  context: Record<string, EvaluationContext[string]> = {}
  transaction: EvaluationContext = {}
  hooks: Hook[] = []
  /** What hooks and steps recorded, in order. */
  readonly notes: string[] = []
  levels: readonly string[] = []
  #details: EvaluationDetails<JsonValue> | undefined
  readonly #open: Flags[] = []

  /** Sets the provider. Resolves when the SDK has initialized it, even if that failed. */
  async provide(): Promise<void> {
    await OpenFeature.setProviderAndWait(this.domain, this.#provider()).catch(() => undefined)
  }

  /** Sets the provider without waiting. */
  provideLater(): void {
    OpenFeature.setProvider(this.domain, this.#provider())
  }

  async evaluate(): Promise<void> {
    const { type, name, fallback } = this.requiredCall
    const options = { hooks: this.hooks }
    this.#details = await this.#inTransaction(() => evaluate(this.client, type, name, fallback, this.context, options))
  }

  get requiredCall(): EvaluationCall {
    if (this.call === undefined) throw new Error('No evaluation was described yet.')
    return this.call
  }

  get details(): EvaluationDetails<JsonValue> {
    if (this.#details === undefined) throw new Error('Nothing was evaluated yet.')
    return this.#details
  }

  async end(): Promise<void> {
    OpenFeature.setContext({})
    await OpenFeature.clearProviders()
    await this.clock.until(Promise.all(this.#open.map((client) => client.close())))
  }

  #provider(): ReturnType<typeof flagstoneProvider> {
    const metadata = metadataByName()
    const store = this.#failingStore(memoryStore({ flags: newFlags(), clock: this.clock }))
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

  #failingStore(store: FlagStore): FlagStore {
    return Object.assign(store, {
      head: this.#unlessFailing(store.head.bind(store)),
      load: this.#unlessFailing(store.load.bind(store)),
      changesSince: this.#unlessFailing(store.changesSince.bind(store)),
    })
  }

  #unlessFailing<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return (...args) => this.storeError?.() ?? call(...args)
  }

  #inTransaction<T>(work: () => Promise<T>): Promise<T> {
    OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator())
    return new Promise((resolve, reject) => {
      OpenFeature.setTransactionContext(this.transaction, () => void work().then(resolve, reject))
    })
  }
}

/** A store failure that rejects at once. */
export function rejecting(error: Error | FlagsError): () => Promise<never> {
  return () => Promise.reject(error)
}
