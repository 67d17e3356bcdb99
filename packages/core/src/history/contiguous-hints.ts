/**
 * How far hints of the cache have brought this process beyond the store's clock as it knows it, each of the version after the one before.
 * Every one of these changes had its fence raised before it was told, and has dropped here what it overtook. So what the cache holds up to
 * this version may be answered before the log is asked; the log has the last word all the same.
 */
export class ContiguousHints {
  #version = 0

  /** At least the store's clock. */
  upTo(clock: number): number {
    return Math.max(this.#version, clock)
  }

  /** Answers whether it goes on from what was heard before; not where a version in between is missing. */
  hear(version: number, clock: number): boolean {
    const reached = this.upTo(clock)
    if (version > reached + 1) return false
    this.#version = Math.max(version, reached)
    return true
  }

  /** Another history. */
  startAnew(clock: number): void {
    this.#version = clock
  }

  /** A catch-up that began at `from` has ended at the store's clock: what was said beyond it was never true. */
  caughtUp(from: number, clock: number): void {
    if (from > clock) this.startAnew(clock)
  }
}
