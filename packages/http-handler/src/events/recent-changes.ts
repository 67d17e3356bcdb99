import type { Entry, Place } from './log-entry.ts'

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
    const last = this.#entries.at(-1)
    return last === undefined ? this.#start : { version: last.version, id: last.id }
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

  /** Whether the place is in this history; `undefined` where it is not among these, or whose change it is cannot be told. */
  knows({ version, id }: Place): boolean | undefined {
    if (version < this.#start.version || version > this.end.version) return undefined
    if (id === undefined) return true
    const found: Place | undefined =
      version === this.#start.version ? this.#start : this.#entries.find((entry) => entry.version === version)
    return found?.id === undefined ? undefined : found.id === id
  }

  /** Those after a version. */
  after(version: number): readonly Entry[] {
    return this.#entries.slice(this.#entries.findLastIndex((entry) => entry.version <= version) + 1)
  }
}
