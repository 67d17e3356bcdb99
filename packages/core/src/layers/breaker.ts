import type { Clock } from '../contracts/index.ts'

/** How long a backend that failed is not asked. */
const OPEN_MS = 1_000

/** Lets calls fail at once for a while after a backend failed, instead of each waiting for its deadline. */
export class Breaker {
  readonly #clock: Clock
  #openUntil = Number.NEGATIVE_INFINITY
  /** The error that opened it. */
  cause: unknown

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether calls must not be made now. */
  get open(): boolean {
    return this.#clock.monotonic() < this.#openUntil
  }

  /** Whether the last call failed. */
  get failing(): boolean {
    return this.#openUntil !== Number.NEGATIVE_INFINITY
  }

  trip(cause: unknown): void {
    this.cause = cause
    this.#openUntil = this.#clock.monotonic() + OPEN_MS
  }

  /** The backend has answered. */
  reset(): void {
    this.#openUntil = Number.NEGATIVE_INFINITY
  }
}
