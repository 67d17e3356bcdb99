import type { Place } from './event-id.ts'
import type { Entry } from './event-text.ts'

const MAX_RECENT = 1_000

/** The latest changes that were told, in the order of the log and without a gap, for clients that come back. */
export class RecentChanges {
  #start: Place
  readonly #entries: Entry[] = []

  constructor(start: Place) {
    this.#start = start
  }

  /** The place after which they begin. */
  get start(): Place {
    return this.#start
  }

  /** The place that was told last. */
  get end(): Place {
    return this.#entries.at(-1) ?? this.#start
  }

  get size(): number {
    return this.#entries.length
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
    const dropped = this.#entries.splice(0, this.#entries.length - MAX_RECENT)
    this.#start = dropped.at(-1) ?? this.#start
  }

  /** The log, from an earlier place up to the start. */
  reachBack(place: Place, earlier: readonly Entry[]): void {
    this.#entries.unshift(...earlier)
    this.#start = place
  }

  /** Whether the place is one of these, or where they begin. */
  has(place: Place): boolean {
    return isSame(place, this.#start) || this.#entries.some((entry) => isSame(place, entry))
  }

  /** Those after a version. */
  after(version: number): readonly Entry[] {
    return this.#entries.slice(this.#entries.findLastIndex((entry) => entry.version <= version) + 1)
  }
}

function isSame(place: Place, other: Place): boolean {
  return place.version === other.version && (place.id === undefined || other.id === undefined || place.id === other.id)
}
