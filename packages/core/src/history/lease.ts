import type { Clock } from '../contracts/index.ts'

/** How long memory is trusted after a catch-up that reached the store's clock began. */
const LEASE_MS = 30_000

/** How long memory is vouched for. Checked on each hit, not by a timer: after a stall of the event loop, nothing is answered unmarked. */
export class Lease {
  readonly #clock: Clock
  /** On the monotonic clock. */
  until: number = Number.NEGATIVE_INFINITY
  /** When the last catch-up that reached the clock began: everything that is live was right then. On the monotonic clock. */
  confirmedAt: number = Number.NEGATIVE_INFINITY
  /** A catch-up that began before this does not renew it. */
  #notBefore: number = Number.NEGATIVE_INFINITY
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

  /** Milliseconds until the lease runs out; 0 or less where it has. */
  get leftMs(): number {
    return this.until - this.#clock.monotonic()
  }

  /** `from`: when the catch-up that reached the clock began. */
  renew(from: number): void {
    if (this.#ended || from < this.#notBefore) return
    this.confirmedAt = Math.max(this.confirmedAt, from)
    this.until = this.confirmedAt + LEASE_MS
  }

  /** Ends it, until a catch-up that begins from now on renews it. `missedMs`: the time that the monotonic clock has missed. */
  expire(missedMs: number): void {
    this.until = Number.NEGATIVE_INFINITY
    this.confirmedAt -= missedMs
    this.#notBefore = this.#clock.monotonic()
  }

  /** Ends it for good, as the client closes: a catch-up that ends later does not make it valid again. */
  end(): void {
    this.#ended = true
  }
}
