const NO_SNAPSHOT = (): number => 0

/** What raises the floor of one flag. */
interface Floor {
  /** The version of the latest change that this process knows of. */
  changed: number
  /** The highest "as of" that this process has answered from. */
  answered: number
}

/**
 * The lowest "as of" that this process still accepts, for one flag or for all. It only rises, unless the store went back or a claim was refuted. So
 * no answer goes back, whatever a cache or a late load brings and whichever hint is lost.
 */
export class Floors {
  readonly #max: number
  readonly #byName = new Map<string, Floor>()
  #common = 0
  #highest = 0
  /** The "as of" that the newest snapshot answers each flag from. */
  #snapshotAsOf: (name: string) => number = NO_SNAPSHOT

  /** When more than `max` flags would have a floor of their own, the oldest is removed and the common floor rises to it. */
  constructor(max: number) {
    this.#max = max
  }

  /** The floor of a flag: its own or the common one, whichever is higher. */
  of(name: string): number {
    return Math.max(this.#common, this.own(name))
  }

  /** The floor of this flag alone, without the common one. */
  own(name: string): number {
    const floor = this.#byName.get(name)
    const snapshotAsOf = this.#snapshotAsOf(name)
    return floor === undefined ? snapshotAsOf : Math.max(snapshotAsOf, floor.changed, floor.answered)
  }

  /** The version of the latest known change of this flag; 0 for none. */
  latestChange(name: string): number {
    return this.#byName.get(name)?.changed ?? 0
  }

  /** The highest "as of" that this process has answered the flag from: nothing below may be answered again, not even as `STALE`. */
  answeredAsOf(name: string): number {
    return Math.max(this.#byName.get(name)?.answered ?? 0, this.#snapshotAsOf(name))
  }

  /** The highest floor that a change or a single answer has given any flag. */
  get highest(): number {
    return this.#highest
  }

  get names(): IterableIterator<string> {
    return this.#byName.keys()
  }

  /** Returns whether this change was new. */
  raiseByChange(name: string, version: number): boolean {
    if (version <= this.#common && !this.#byName.has(name)) return false
    const floor = this.#floor(name)
    if (version <= floor.changed) return false
    floor.changed = version
    this.#highest = Math.max(this.#highest, version)
    return true
  }

  /** Raises the flag's own floor, also below the common one: a stale answer is held to the flag's own floor only. */
  raiseByAnswer(name: string, asOf: number): void {
    const floor = this.#floor(name)
    if (asOf > floor.answered) floor.answered = asOf
    if (asOf > this.#highest) this.#highest = asOf
  }

  /** A snapshot answers all flags at once: `asOf` says from which "as of" each, 0 for none. */
  raiseBySnapshot(asOf: (name: string) => number): void {
    this.#snapshotAsOf = asOf
  }

  raiseCommon(version: number): void {
    if (version > this.#common) this.#common = version
  }

  /** A claim about this flag was refuted: floors above `clock` come down to it. */
  clamp(name: string, clock: number): void {
    const floor = this.#byName.get(name)
    if (floor !== undefined) {
      floor.changed = Math.min(floor.changed, clock)
      floor.answered = Math.min(floor.answered, clock)
    }
    this.#snapshotAsOf = NO_SNAPSHOT
    this.#common = Math.min(this.#common, clock)
    this.#highest = Math.min(this.#highest, clock)
  }

  /** The store went back to `version`: replaces every floor by it. */
  replaceAll(version: number): void {
    this.#byName.clear()
    this.#snapshotAsOf = NO_SNAPSHOT
    this.#common = version
    this.#highest = 0
  }

  #floor(name: string): Floor {
    let floor = this.#byName.get(name)
    if (floor !== undefined) return floor
    if (this.#byName.size >= this.#max) this.#removeOldest()
    floor = { changed: 0, answered: 0 }
    this.#byName.set(name, floor)
    return floor
  }

  #removeOldest(): void {
    for (const [name, floor] of this.#byName) {
      this.#byName.delete(name)
      this.raiseCommon(Math.max(floor.changed, floor.answered))
      return
    }
  }
}
