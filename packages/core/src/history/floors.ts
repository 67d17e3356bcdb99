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
 *
 * A flag has a floor of its own once it was seen in the log or in a load, also after it was deleted; a name that never was one has none. So
 * there are as many as the store has had flags, however many names are asked for.
 */
export class Floors {
  readonly #byName = new Map<string, Floor>()
  #common = 0
  #highest = 0
  /** The "as of" that the newest snapshot answers each flag from. */
  #snapshotAsOf: (name: string) => number = NO_SNAPSHOT
  /** For which flags a claim was refuted that the newest snapshot rests on, and what their floor came down to. */
  readonly #snapshotClamps = new Map<string, number>()
  /** The highest "as of" that a name without a floor was answered from, as long as the log has not got so far. */
  #absentAsOf = 0

  /** The floor of a flag: its own or the common one, whichever is higher. */
  of(name: string): number {
    const shared = this.#byName.has(name) ? this.#common : Math.max(this.#common, this.#absentAsOf)
    return Math.max(shared, this.own(name))
  }

  /** The floor of this flag alone, without the common one. */
  own(name: string): number {
    const floor = this.#byName.get(name)
    const snapshotAsOf = this.#snapshotFloor(name)
    return floor === undefined ? snapshotAsOf : Math.max(snapshotAsOf, floor.changed, floor.answered)
  }

  /** The version of the latest known change of this flag; 0 for none. */
  latestChange(name: string): number {
    return this.#byName.get(name)?.changed ?? 0
  }

  /** Whether the log that this process has followed up to `clock` passed `version` without a change of this flag. */
  isNotInLog(name: string, version: number, clock: number): boolean {
    return version > this.#common && version <= clock && version > this.latestChange(name)
  }

  /** The highest "as of" that this process has answered the flag from: nothing below may be answered again, not even as `STALE`. */
  answeredAsOf(name: string): number {
    return Math.max(this.#byName.get(name)?.answered ?? 0, this.#snapshotFloor(name))
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

  /**
   * Raises the flag's own floor, also below the common one: a stale answer is held to the flag's own floor only. `exists`: whether there is
   * such a flag; a name that never was one gets no floor.
   */
  raiseByAnswer(name: string, asOf: number, exists: boolean): void {
    if (asOf > this.#highest) this.#highest = asOf
    if (!exists && !this.#byName.has(name)) {
      // It may have been deleted in a change that the log has not told yet.
      this.#absentAsOf = Math.max(this.#absentAsOf, asOf)
      return
    }
    const floor = this.#floor(name)
    if (asOf > floor.answered) floor.answered = asOf
  }

  /** The log was read up to `clock`: whatever was deleted up to there has a floor of its own now. */
  readUpTo(clock: number): void {
    if (this.#absentAsOf <= clock) this.#absentAsOf = 0
  }

  /** A snapshot answers all flags at once: `asOf` says from which "as of" each, 0 for none. */
  raiseBySnapshot(asOf: (name: string) => number): void {
    this.#snapshotAsOf = asOf
    this.#snapshotClamps.clear()
  }

  raiseCommon(version: number): void {
    if (version > this.#common) this.#common = version
  }

  /** A claim about this flag was refuted: its floor comes down to `clock` where it is above. No other flag's floor changes. */
  clamp(name: string, clock: number): void {
    const floor = this.#byName.get(name)
    if (floor !== undefined) {
      floor.changed = Math.min(floor.changed, clock)
      floor.answered = Math.min(floor.answered, clock)
    }
    this.#absentAsOf = Math.min(this.#absentAsOf, clock)
    if (this.#snapshotAsOf(name) > clock) this.#snapshotClamps.set(name, clock)
    this.#highest = Math.min(this.#highest, clock)
    for (const { changed, answered } of this.#byName.values()) this.#highest = Math.max(this.#highest, changed, answered)
  }

  /** The store went back to `version`: replaces every floor by it. */
  replaceAll(version: number): void {
    this.#byName.clear()
    this.raiseBySnapshot(NO_SNAPSHOT)
    this.#absentAsOf = 0
    this.#common = version
    this.#highest = 0
  }

  #snapshotFloor(name: string): number {
    return this.#snapshotClamps.get(name) ?? this.#snapshotAsOf(name)
  }

  #floor(name: string): Floor {
    let floor = this.#byName.get(name)
    if (floor === undefined) {
      floor = { changed: 0, answered: 0 }
      this.#byName.set(name, floor)
    }
    return floor
  }
}
