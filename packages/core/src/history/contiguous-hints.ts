/**
 * How far beyond the known clock hints of the cache go without a gap: each names the version after the one before. Each of these changes raised its
 * fence before its hint was sent, and the hint has dropped what memory held. So what the cache holds up to this version may be answered before the
 * log is read. The log still has the last word.
 */
export class ContiguousHints {
  #version = 0

  /** At least `clock`, the store's clock as this process knows it. */
  upTo(clock: number): number {
    return Math.max(this.#version, clock)
  }

  /** Adds a hint's version. Returns `false` where a version before it is missing. */
  add(version: number, clock: number): boolean {
    const reached = this.upTo(clock)
    if (version > reached + 1) return false
    this.#version = Math.max(version, reached)
    return true
  }

  /** Starts again from `clock`: the hints so far do not count. */
  reset(clock: number): void {
    this.#version = clock
  }

  /** A catch-up has ended at `clock`. Where hints had led to `from`, above it, before it began, those versions were never committed. */
  settle(from: number, clock: number): void {
    if (from > clock) this.reset(clock)
  }
}
