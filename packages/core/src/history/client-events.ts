import type { Clock } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { callHost } from '../errors/host-callback.ts'

/** The same error of the same flag is not emitted again for this long. */
const QUIET_MS = 10_000
const MAX_REMEMBERED = 1_000

/** What a client emits. */
export interface FlagsEvents {
  /** A flag has changed, and this process answers the new value. */
  change: { readonly name: string; readonly version: number }
  /** Something went wrong that no caller gets as an error; the same trouble at most every 10 s, but `STORE_REWOUND` each time. */
  error: FlagsError
  /** The store could not be reached for 30 s: from here on what cannot be read again is `STALE`. `clock`: the store's, as this process knows it. */
  stale: { readonly clock: number }
  /** The store was reached: for the first time, or after `stale`. */
  fresh: { readonly clock: number }
}

/** Its return value is ignored. It may be `async`; it is not waited for. */
export type FlagsListener<E extends keyof FlagsEvents> = (event: FlagsEvents[E]) => unknown
type Listeners = { readonly [E in keyof FlagsEvents]: Set<FlagsListener<E>> }

/** Emits events to listeners. */
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
    // Wrapped, so that a function registered twice is called twice and each registration ends by itself.
    const own: FlagsListener<E> = (payload) => listener(payload)
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
    // Each `STORE_REWOUND` is another event, not one that lasts.
    if (error.code === 'STORE_REWOUND' || this.#isNew(error)) this.#emit('error', error)
  }

  /** Whether this trouble was not emitted within the last 10 s. */
  #isNew(error: FlagsError): boolean {
    const trouble = troubleOf(error)
    const now = this.#clock.monotonic()
    if (now < (this.#quietUntil.get(trouble) ?? 0)) return false
    if (this.#quietUntil.size >= MAX_REMEMBERED) this.#quietUntil.clear()
    this.#quietUntil.set(trouble, now + QUIET_MS)
    return true
  }

  #emit<E extends keyof FlagsEvents>(event: E, payload: FlagsEvents[E]): void {
    const listeners: Set<FlagsListener<E>> = this.#listeners[event]
    for (const listener of listeners) callHost('A listener of Flagstone', () => listener(payload))
  }
}

/** What is emitted once in 10 s. The message distinguishes the two channels; who asks for a version may ask for any name. */
function troubleOf({ code, flag = '', message }: FlagsError): string {
  if (code === 'CHANNEL_DOWN') return `${code}:${message}`
  return code === 'VERSION_NOT_REACHED' ? code : `${code}:${flag}`
}
