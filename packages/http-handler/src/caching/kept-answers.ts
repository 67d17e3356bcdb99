import type { Clock, FlagSnapshot } from '@flagstone/core'
import type { Kept } from './conditional.ts'

/** So that what is asked for all the time is evaluated now and then, and seen as used. */
const KEEP_MS = 60_000

/** The answers of one snapshot, as they went out: who asks again costs no evaluation. All of them go with the snapshot, or after a minute. */
export class KeptAnswers {
  readonly #max: number
  readonly #clock: Clock
  #until = Number.NEGATIVE_INFINITY
  readonly #answers = new Map<string, Kept>()
  #snapshot: FlagSnapshot | undefined

  constructor(max: number, clock: Clock) {
    this.#max = max
    this.#clock = clock
  }

  get(snapshot: FlagSnapshot, question: string): Kept | undefined {
    return this.#snapshot === snapshot && this.#clock.monotonic() < this.#until ? this.#answers.get(question) : undefined
  }

  set(snapshot: FlagSnapshot, question: string, kept: Kept): void {
    const now = this.#clock.monotonic()
    if (this.#snapshot !== snapshot || now >= this.#until) {
      this.#answers.clear()
      this.#snapshot = snapshot
      this.#until = now + KEEP_MS
    }
    // In the order in which they came, the oldest goes.
    if (this.#answers.size >= this.#max) this.#answers.delete(this.#answers.keys().next().value ?? '')
    this.#answers.set(question, kept)
  }
}
