import type { LogEntry, LogPosition } from './log-entry.ts'

const MAX_RECENT = 1_000

/** The latest changes that were sent, in log order and without gaps, for clients that reconnect. */
export class RecentChanges {
  #start: LogPosition
  readonly #entries: LogEntry[] = []

  constructor(start: LogPosition) {
    this.#start = start
  }

  /** The position before the first of them. */
  get start(): LogPosition {
    return this.#start
  }

  /** The position of the last one. */
  get end(): LogPosition {
    const last = this.#entries.at(-1)
    return last === undefined ? this.#start : { version: last.version, id: last.id }
  }

  add(entry: LogEntry): void {
    this.#entries.push(entry)
    const dropped = this.#entries.splice(0, this.#entries.length - MAX_RECENT)
    this.#start = dropped.at(-1) ?? this.#start
  }

  /** Adds the changes from `position` up to the start. */
  prepend(position: LogPosition, earlier: readonly LogEntry[]): void {
    this.#entries.unshift(...earlier)
    this.#start = position
  }

  /** Whether the position belongs to this history; `undefined` if it is outside of these changes, or if the id there is not known. */
  contains({ version, id }: LogPosition): boolean | undefined {
    if (version < this.#start.version || version > this.end.version) return undefined
    if (id === undefined) return true
    const found: LogPosition | undefined =
      version === this.#start.version ? this.#start : this.#entries.find((entry) => entry.version === version)
    return found?.id === undefined ? undefined : found.id === id
  }

  /** The changes after a version. */
  after(version: number): readonly LogEntry[] {
    return this.#entries.slice(this.#entries.findLastIndex((entry) => entry.version <= version) + 1)
  }
}
