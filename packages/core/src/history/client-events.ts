import type { Clock } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { callHost } from '../errors/host-callback.ts'

/** How long the same trouble of the same flag is not told again. */
const QUIET_MS = 10_000
const MAX_REMEMBERED = 1_000

/** What a client tells whoever listens. */
export interface FlagsEvents {
  /** A flag changed and this process knows. */
  change: { readonly name: string; readonly version: number }
  /** Something went wrong that no caller was told of; the same trouble at most every 10 s, but `STORE_REWOUND` each time. */
  error: FlagsError
  /** The store could not be heard for 30 s: what cannot be read anew is `STALE` from here on. `clock`: the store's, as this process knows it. */
  stale: { readonly clock: number }
  /** The store was heard: for the first time, or after `stale`. */
  fresh: { readonly clock: number }
}

/** What it returns is passed over. It may be `async`: nobody waits for it. */
export type FlagsListener<E extends keyof FlagsEvents> = (event: FlagsEvents[E]) => unknown
type Listeners = { readonly [E in keyof FlagsEvents]: Set<FlagsListener<E>> }

/** Tells listeners. */
export class ClientEvents {
  readonly #clock: Clock
  readonly #listeners: Listeners = { change: new Set(), error: new Set(), stale: new Set(), fresh: new Set() }
  readonly #quietUntil = new Map<string, number>()

  constructor(clock: Clock, onError: FlagsListener<'error'> | undefined) {
    this.#clock = clock
    if (onError !== undefined) this.#listeners.error.add(onError)
  }

  on<E extends keyof FlagsEvents>(event: E, listener: FlagsListener<E>): () => void {
    if (!Object.hasOwn(this.#listeners, event)) {
      throw new FlagsError('INVALID_OPTIONS', `There is no event ${String(event)}: listen to 'change', 'error', 'stale' or 'fresh'.`)
    }
    const listeners: Set<FlagsListener<E>> = this.#listeners[event]
    // A listener of its own each time, so that the same function registered twice is told twice and leaves one at a time.
    const own: FlagsListener<E> = (happened) => listener(happened)
    listeners.add(own)
    return () => listeners.delete(own)
  }

  changed(name: string, version: number): void {
    this.#emit('change', { name, version })
  }

  stale(clock: number): void {
    this.#emit('stale', { clock })
  }

  fresh(clock: number): void {
    this.#emit('fresh', { clock })
  }

  readonly report = (error: FlagsError): void => {
    if (error.code === 'STORE_REWOUND' || this.#isNews(error)) this.#emit('error', error)
  }

  /** Not where the same trouble was told just now. That the store went back is none that goes on: each time it did. */
  #isNews(error: FlagsError): boolean {
    // Two channels may be down, each for itself.
    const trouble = `${error.code}:${error.flag ?? ''}:${error.code === 'CHANNEL_DOWN' ? error.message : ''}`
    const now = this.#clock.monotonic()
    if (now < (this.#quietUntil.get(trouble) ?? 0)) return false
    if (this.#quietUntil.size >= MAX_REMEMBERED) this.#quietUntil.clear()
    this.#quietUntil.set(trouble, now + QUIET_MS)
    return true
  }

  #emit<E extends keyof FlagsEvents>(event: E, happened: FlagsEvents[E]): void {
    const listeners: Set<FlagsListener<E>> = this.#listeners[event]
    for (const listener of listeners) callHost('A listener of Flagstone', () => listener(happened))
  }
}
