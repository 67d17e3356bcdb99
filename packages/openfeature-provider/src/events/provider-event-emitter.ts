import type { FlagsError } from '@flagstone/core'
import { ErrorCode, OpenFeatureEventEmitter, ProviderEvents } from '@openfeature/server-sdk'
import type { ProvidedFlags } from '../flagstone-provider.ts'

/** In the log of changes a segment's name stands after this; no flag's name can hold a colon. */
const SEGMENT = 'segment:'

/** What a client tells, as provider events. The SDK itself tells how the initialisation went, so nothing else does until it has ended. */
export class Announcements {
  readonly emitter: OpenFeatureEventEmitter = new OpenFeatureEventEmitter()
  readonly #flags: ProvidedFlags
  readonly #changed = new Set<string>()
  #subscriptions: readonly (() => void)[] = []
  #status: 'silent' | 'ready' | 'stale' | 'failed' | 'closed' = 'silent'

  constructor(flags: ProvidedFlags) {
    this.#flags = flags
  }

  begin(): void {
    this.end()
    this.#subscriptions = [
      this.#flags.on('change', ({ name }) => this.#change(name)),
      this.#flags.on('error', (error) => this.#rewound(error)),
      this.#flags.on('stale', () => this.#stale()),
      this.#flags.on('fresh', () => this.#fresh()),
    ]
  }

  /** The client is ready. One that is stale already says so once the SDK has taken note that it is ready. */
  ready(): void {
    if (!this.#isListening) return
    this.#status = 'ready'
    setImmediate(() => {
      if (this.#flags.stats().stale) this.#stale()
    })
  }

  /** The client could not be made ready; it goes on trying. One that got through meanwhile says so once the SDK has taken note. */
  failed(): void {
    if (!this.#isListening) return
    this.#status = 'failed'
    setImmediate(() => {
      if (this.#flags.stats().leased) this.#fresh()
    })
  }

  /** The client was found closed: told once, and the SDK then asks no more. */
  closed(): void {
    if (this.#status === 'silent' || this.#status === 'closed') return
    this.#status = 'closed'
    this.emitter.emit(ProviderEvents.Error, { errorCode: ErrorCode.PROVIDER_FATAL, message: 'CLOSED: The client is closed.' })
  }

  end(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe()
    this.#subscriptions = []
    this.#changed.clear()
    this.#status = 'silent'
  }

  /** Whether it has not been ended while the client was made ready. */
  get #isListening(): boolean {
    return this.#subscriptions.length > 0
  }

  #stale(): void {
    if (this.#status !== 'ready') return
    this.#status = 'stale'
    this.emitter.emit(ProviderEvents.Stale, { message: 'The store has not been heard for 30 s: flags may have changed since.' })
  }

  #fresh(): void {
    if (this.#status !== 'stale' && this.#status !== 'failed') return
    this.#status = 'ready'
    this.emitter.emit(ProviderEvents.Ready, { message: 'The store is heard again.' })
  }

  /** What changes together is told together. */
  #change(name: string): void {
    if (this.#changed.size === 0) queueMicrotask(() => this.#tellChanges())
    this.#changed.add(name)
  }

  #tellChanges(): void {
    const names = [...this.#changed]
    if (names.length === 0) return
    this.#changed.clear()
    const message = `Changed: ${names.join(', ')}.`
    // Which flags a segment touches is not known here, and a list that lacks some would be taken for the whole.
    const isWhole = !names.some((name) => name.startsWith(SEGMENT))
    this.emitter.emit(ProviderEvents.ConfigurationChanged, { message, ...(isWhole ? { flagsChanged: names } : {}) })
  }

  #rewound({ code, message }: FlagsError): void {
    if (code === 'STORE_REWOUND') this.emitter.emit(ProviderEvents.ConfigurationChanged, { message })
  }
}
