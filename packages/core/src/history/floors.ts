const NOTHING = (): number => 0

/** How low an "as of" may be for one flag. */
interface Floor {
  /** The version of the latest change that this process knows of. */
  changed: number
  /** The highest "as of" that this process has answered from. */
  answered: number
}

/**
 * The lowest "as of" that this process still accepts, for one flag or for all. It only rises (but for a rewound store), so whatever a
 * cache, a late load or a lost message brings, no answer goes back.
 */
export class Floors {
  readonly #max: number
  readonly #byName = new Map<string, Floor>()
  #common = 0
  #highest = 0
  /** What the newest snapshot has answered each flag as of. */
  #given: (name: string) => number = NOTHING

  /** Where more than `max` flags have a floor of their own, the oldest is given up and the common floor rises to it. */
  constructor(max: number) {
    this.#max = max
  }

  of(name: string): number {
    return Math.max(this.#common, this.own(name))
  }

  /** What this process knows of this very flag, leaving out the floor that all share. */
  own(name: string): number {
    const floor = this.#byName.get(name)
    const given = this.#given(name)
    return floor === undefined ? given : Math.max(given, floor.changed, floor.answered)
  }

  /** The version of the latest change of this very flag that is known; 0 for none. */
  changed(name: string): number {
    return this.#byName.get(name)?.changed ?? 0
  }

  /** What this process has already answered for the flag: nothing below may be shown again, not even as a last resort. */
  answered(name: string): number {
    return Math.max(this.#byName.get(name)?.answered ?? 0, this.#given(name))
  }

  /** The highest floor that any flag has had of its own: no flag has been answered from beyond it. */
  get highest(): number {
    return this.#highest
  }

  get names(): IterableIterator<string> {
    return this.#byName.keys()
  }

  /** Answers whether this change was news. */
  raiseByChange(name: string, version: number): boolean {
    if (version <= this.#common && !this.#byName.has(name)) return false
    const floor = this.#floor(name)
    if (version <= floor.changed) return false
    floor.changed = version
    this.#highest = Math.max(this.#highest, version)
    return true
  }

  /** Below the common floor too: a last resort is held to the flag's own alone. */
  raiseByAnswer(name: string, asOf: number): void {
    const floor = this.#floor(name)
    if (asOf > floor.answered) floor.answered = asOf
    if (asOf > this.#highest) this.#highest = asOf
  }

  /** A snapshot answers all flags at once: each as of what this says of it, 0 where that is nothing. */
  raiseBySnapshot(given: (name: string) => number): void {
    this.#given = given
  }

  raiseCommon(version: number): void {
    if (version > this.#common) this.#common = version
  }

  /** What was above the store's clock was never true. */
  clamp(name: string, clock: number): void {
    const floor = this.#byName.get(name)
    if (floor !== undefined) {
      floor.changed = Math.min(floor.changed, clock)
      floor.answered = Math.min(floor.answered, clock)
    }
    this.#given = NOTHING
    this.#common = Math.min(this.#common, clock)
    this.#highest = Math.min(this.#highest, clock)
  }

  /** For a store that went back: every earlier floor belongs to a history that is gone. */
  replaceAll(version: number): void {
    this.#byName.clear()
    this.#given = NOTHING
    this.#common = version
    this.#highest = 0
  }

  #floor(name: string): Floor {
    let floor = this.#byName.get(name)
    if (floor !== undefined) return floor
    if (this.#byName.size >= this.#max) this.#giveUpOldest()
    floor = { changed: 0, answered: 0 }
    this.#byName.set(name, floor)
    return floor
  }

  #giveUpOldest(): void {
    for (const [name, floor] of this.#byName) {
      this.#byName.delete(name)
      this.raiseCommon(Math.max(floor.changed, floor.answered))
      return
    }
  }
}
