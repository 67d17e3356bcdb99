import type { Clock } from '../contracts/index.ts'

/** How long a backend that failed is left in peace. */
const REST_MS = 1_000

/** Keeps calls from waiting, one after the other, for a backend that just failed. */
export class Breaker {
  readonly #clock: Clock
  #restsUntil = Number.NEGATIVE_INFINITY
  /** Why it rests. */
  cause: unknown

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get open(): boolean {
    return this.#clock.monotonic() < this.#restsUntil
  }

  /** Whether the backend failed when it was last asked, and was not heard since. */
  get failing(): boolean {
    return this.#restsUntil !== Number.NEGATIVE_INFINITY
  }

  trip(cause: unknown): void {
    this.cause = cause
    this.#restsUntil = this.#clock.monotonic() + REST_MS
  }

  /** The backend was heard. */
  reset(): void {
    this.#restsUntil = Number.NEGATIVE_INFINITY
  }
}
