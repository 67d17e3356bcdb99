import type { Flags } from '@flagstone/core'
import type { LogEntry } from './log-entry.ts'

const MAX_NAMES = 10_000

/** Knows which changes a request to this process would see: those up to its clock, and those that it has emitted as `change`. */
export class VisibleChanges {
  readonly #flags: Flags
  /** The latest version that was emitted for each flag or segment. */
  readonly #versions = new Map<string, number>()
  /** The highest version that was emitted. */
  #highest = 0
  #lastClock = 0

  constructor(flags: Flags) {
    this.#flags = flags
  }

  /** The highest version that this process knows of. */
  get newestVersion(): number {
    return Math.max(this.#highest, this.clock)
  }

  get clock(): number {
    return this.#flags.stats().clock
  }

  /** Whether the clock is lower than at the last call: it only goes back when the store does. */
  clockWentBack(): boolean {
    const before = this.#lastClock
    this.#lastClock = this.clock
    return this.#lastClock < before
  }

  add(name: string, version: number): void {
    // A forgotten version becomes visible by the clock, a little later.
    if (this.#versions.size >= MAX_NAMES) this.#versions.clear()
    this.#versions.set(name, version)
    this.#highest = Math.max(this.#highest, version)
  }

  isVisible({ flag, version }: LogEntry): boolean {
    return version <= (this.#versions.get(flag) ?? 0) || version <= this.clock
  }

  /** The log ends at `version`, and was read after everything here was emitted: higher versions never existed. */
  dropAfter(version: number): void {
    this.#highest = Math.min(this.#highest, version)
    for (const [name, emitted] of this.#versions) if (emitted > version) this.#versions.delete(name)
  }

  clear(): void {
    this.#versions.clear()
    this.#highest = 0
    this.#lastClock = this.clock
  }
}
