import type { FlagSnapshot } from '@flagstone/core'
import type { Kept } from './conditional.ts'

/** The answers of one snapshot, as they went out: who asks again costs no evaluation. All of them go with the snapshot. */
export class KeptAnswers {
  readonly #max: number
  readonly #answers = new Map<string, Kept>()
  #snapshot: FlagSnapshot | undefined

  constructor(max: number) {
    this.#max = max
  }

  get(snapshot: FlagSnapshot, question: string): Kept | undefined {
    return this.#snapshot === snapshot ? this.#answers.get(question) : undefined
  }

  set(snapshot: FlagSnapshot, question: string, kept: Kept): void {
    if (this.#snapshot !== snapshot) this.#answers.clear()
    this.#snapshot = snapshot
    // In the order in which they came, the oldest goes.
    if (this.#answers.size >= this.#max) this.#answers.delete(this.#answers.keys().next().value ?? '')
    this.#answers.set(question, kept)
  }
}
