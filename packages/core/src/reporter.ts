import type { Clock } from './contracts/index.ts'
import { FlagsError } from './errors.ts'

/** How long the same trouble of the same flag is not told again. */
const QUIET_MS = 10_000
const MAX_REMEMBERED = 1_000

/** What a client tells whoever listens. */
export interface FlagsEvents {
  /** A flag changed and this process knows. */
  change: { readonly name: string; readonly version: number }
  /** Something went wrong that no caller was told of; the same trouble at most every 10 s. */
  error: FlagsError
  /** The store could not be heard for 30 s: what cannot be read anew is `STALE` from here on. `clock`: the store's, as this process knows it. */
  stale: { readonly clock: number }
  /** The store was heard: for the first time, or after `stale`. */
  fresh: { readonly clock: number }
}

type Listener<E extends keyof FlagsEvents> = (event: FlagsEvents[E]) => void
type Listeners = { readonly [E in keyof FlagsEvents]: Set<Listener<E>> }

/** Tells listeners; what a listener throws becomes a process warning and never reaches the work that it heard of. */
export class Reporter {
  readonly #clock: Clock
  readonly #listeners: Listeners = { change: new Set(), error: new Set(), stale: new Set(), fresh: new Set() }
  readonly #quietUntil = new Map<string, number>()

  constructor(clock: Clock, onError: ((error: FlagsError) => void) | undefined) {
    this.#clock = clock
    if (onError !== undefined) this.#listeners.error.add(onError)
  }

  on<E extends keyof FlagsEvents>(event: E, listener: Listener<E>): () => void {
    if (!Object.hasOwn(this.#listeners, event)) {
      throw new FlagsError('INVALID_OPTIONS', `There is no event ${String(event)}: listen to 'change', 'error', 'stale' or 'fresh'.`)
    }
    const listeners: Set<Listener<E>> = this.#listeners[event]
    // A listener of its own each time, so that the same function registered twice is told twice and leaves one at a time.
    const own: Listener<E> = (happened) => listener(happened)
    listeners.add(own)
    return () => listeners.delete(own)
  }

  changed(name: string, version: number): void {
    for (const listener of this.#listeners.change) tell(listener, { name, version })
  }

  stale(clock: number): void {
    for (const listener of this.#listeners.stale) tell(listener, { clock })
  }

  fresh(clock: number): void {
    for (const listener of this.#listeners.fresh) tell(listener, { clock })
  }

  readonly report = (error: FlagsError): void => {
    // Two channels may be down, each for itself.
    const trouble = `${error.code}:${error.flag ?? ''}:${error.code === 'CHANNEL_DOWN' ? error.message : ''}`
    const now = this.#clock.monotonic()
    if (now < (this.#quietUntil.get(trouble) ?? 0)) return
    if (this.#quietUntil.size >= MAX_REMEMBERED) this.#quietUntil.clear()
    this.#quietUntil.set(trouble, now + QUIET_MS)
    for (const listener of this.#listeners.error) tell(listener, error)
  }
}

function tell<T>(listener: (event: T) => void, event: T): void {
  try {
    listener(event)
  } catch (thrown) {
    process.emitWarning(`A listener of Flagstone threw: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
  }
}
