import type { Flags } from '@flagstone/core'
import type { Entry } from './log-entry.ts'

const MAX_TOLD = 10_000

/** Which changes a client that asks again would see by now: those up to this process's clock, and those that `change` has told of. */
export class Sightings {
  readonly #flags: Flags
  /** The latest version that was told of each flag or segment. */
  readonly #told = new Map<string, number>()
  /** The highest version that was told. */
  #heard = 0
  #lastClock = 0

  constructor(flags: Flags) {
    this.#flags = flags
  }

  /** The highest version that this process knows of. */
  get newest(): number {
    return Math.max(this.#heard, this.clock)
  }

  get clock(): number {
    return this.#flags.stats().clock
  }

  /** Whether the clock is lower than when this was last asked: it falls only with the store. */
  wentBack(): boolean {
    const before = this.#lastClock
    this.#lastClock = this.clock
    return this.#lastClock < before
  }

  tell(name: string, version: number): void {
    // What is forgotten is seen by the clock, a little later.
    if (this.#told.size >= MAX_TOLD) this.#told.clear()
    this.#told.set(name, version)
    this.#heard = Math.max(this.#heard, version)
  }

  isSeen({ flag, version }: Entry): boolean {
    return version <= (this.#told.get(flag) ?? 0) || version <= this.clock
  }

  /** The log ends at `version`, read after everything was told: whatever was told beyond it was never true. */
  endsAt(version: number): void {
    this.#heard = Math.min(this.#heard, version)
    for (const [name, told] of this.#told) if (told > version) this.#told.delete(name)
  }

  forget(): void {
    this.#told.clear()
    this.#heard = 0
    this.#lastClock = this.clock
  }
}
