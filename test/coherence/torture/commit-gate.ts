import { setTimeout as sleep } from 'node:timers/promises'
import type { Change } from '@flagstone/core'

/** Can hold up a write right after its commit, as if the acknowledgement were late. */
export class CommitGate {
  readonly #onCommitted: (version: number) => void
  readonly #onStalled: (version: number) => void
  #forMs: number | null | undefined

  constructor(onCommitted: (version: number) => void, onStalled: (version: number) => void) {
    this.#onCommitted = onCommitted
    this.#onStalled = onStalled
  }

  /** Holds up the next write for `forMs` milliseconds, or for ever (`null`). */
  arm(forMs: number | null): void {
    this.#forMs = forMs
  }

  async pass(committed: Promise<Change>): Promise<Change> {
    const change = await committed
    this.#onCommitted(change.version)
    const forMs = this.#forMs
    this.#forMs = undefined
    if (forMs === undefined) return change
    this.#onStalled(change.version)
    await (forMs === null ? new Promise<never>(() => undefined) : sleep(forMs))
    return change
  }
}
