import type { Flags, FlagsError } from '@flagstone/core'
import { ErrorCode, OpenFeatureEventEmitter, ProviderEvents } from '@openfeature/server-sdk'

/** What the emitter needs of a client. */
type ObservedFlags = Pick<Flags, 'on' | 'stats'>

/** The prefix of segment names in the change log; a flag's name cannot hold a colon. */
const SEGMENT = 'segment:'

/** Emits a client's events as provider events. The SDK itself emits the result of the initialization, so this emits nothing until then. */
export class ProviderEventEmitter {
  readonly emitter: OpenFeatureEventEmitter = new OpenFeatureEventEmitter()
  readonly #flags: ObservedFlags
  readonly #changed = new Set<string>()
  #subscriptions: readonly (() => void)[] = []
  #status: 'silent' | 'ready' | 'stale' | 'failed' | 'closed' = 'silent'

  constructor(flags: ObservedFlags) {
    this.#flags = flags
  }

  start(): void {
    this.stop()
    this.#subscriptions = [
      this.#flags.on('change', ({ name }) => this.#change(name)),
      this.#flags.on('error', (error) => this.#onRewound(error)),
      this.#flags.on('stale', () => this.#stale()),
      this.#flags.on('fresh', () => this.#fresh()),
    ]
  }

  /** Call this when the client is ready. If it is stale already, `STALE` is emitted after the SDK has noted that it is ready. */
  ready(): void {
    if (!this.#isListening) return
    this.#status = 'ready'
    setImmediate(() => {
      if (this.#flags.stats().stale) this.#stale()
    })
  }

  /** Call this when the client did not get ready. If it gets ready meanwhile, `READY` is emitted after the SDK has noted the failure. */
  failed(): void {
    if (!this.#isListening) return
    this.#status = 'failed'
    setImmediate(() => {
      if (this.#flags.stats().leased) this.#fresh()
    })
  }

  /** Call this when a read finds the client closed. Emits a fatal error once; the SDK then stops calling the provider. */
  closed(): void {
    if (this.#status === 'silent' || this.#status === 'closed') return
    this.#status = 'closed'
    this.emitter.emit(ProviderEvents.Error, { errorCode: ErrorCode.PROVIDER_FATAL, message: 'CLOSED: The client is closed.' })
  }

  stop(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe()
    this.#subscriptions = []
    this.#changed.clear()
    this.#status = 'silent'
  }

  /** `false` if `stop()` was called while the client got ready. */
  get #isListening(): boolean {
    return this.#subscriptions.length > 0
  }

  #stale(): void {
    if (this.#status !== 'ready') return
    this.#status = 'stale'
    this.emitter.emit(ProviderEvents.Stale, { message: 'The store has not answered for 30 s: flags may have changed since.' })
  }

  #fresh(): void {
    if (this.#status !== 'stale' && this.#status !== 'failed') return
    this.#status = 'ready'
    this.emitter.emit(ProviderEvents.Ready, { message: 'The store answers again.' })
  }

  /** Changes of one turn of the event loop become one event. */
  #change(name: string): void {
    if (this.#changed.size === 0) queueMicrotask(() => this.#emitChanges())
    this.#changed.add(name)
  }

  #emitChanges(): void {
    const names = [...this.#changed]
    if (names.length === 0) return
    this.#changed.clear()
    const message = `Changed: ${names.join(', ')}.`
    // It is not known which flags use a segment, and an incomplete list would be taken for a complete one.
    const isComplete = !names.some((name) => name.startsWith(SEGMENT))
    this.emitter.emit(ProviderEvents.ConfigurationChanged, { message, ...(isComplete ? { flagsChanged: names } : {}) })
  }

  #onRewound({ code, message }: FlagsError): void {
    if (code === 'STORE_REWOUND') this.emitter.emit(ProviderEvents.ConfigurationChanged, { message })
  }
}
