import type { Clock } from '../contracts/index.ts'

/** How long memory is trusted after a catch-up that reached the store's clock began. */
const LEASE_MS = 30_000

/** How long memory is vouched for. Checked on each hit, not by a timer: after a stall of the event loop, nothing is answered unmarked. */
export class Lease {
  readonly #clock: Clock
  /** On the monotonic clock. */
  until: number = Number.NEGATIVE_INFINITY
  #ended = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get valid(): boolean {
    return !this.#ended && this.#clock.monotonic() < this.until
  }

  /** Whether the client has closed. */
  get ended(): boolean {
    return this.#ended
  }

  /** When the last catch-up that reached the clock began: everything that is live was right then. */
  get confirmedAt(): number {
    return this.until - LEASE_MS
  }

  /** Milliseconds until the lease runs out; 0 or less where it has. */
  get leftMs(): number {
    return this.until - this.#clock.monotonic()
  }

  /** `from`: when the catch-up that reached the clock began. */
  renew(from: number): void {
    if (!this.#ended) this.until = Math.max(this.until, from + LEASE_MS)
  }

  /** Ends it at once, until the next renewal. */
  expire(): void {
    this.until = Number.NEGATIVE_INFINITY
  }

  /** Ends it for good, as the client closes: a catch-up that ends later does not make it valid again. */
  end(): void {
    this.#ended = true
  }
}
