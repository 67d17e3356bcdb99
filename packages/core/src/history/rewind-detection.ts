import type { Changes } from '../contracts/index.ts'

/** What the store has told this process by other ways than its log. A log that contradicts it is of another history. */
export class RewindDetection {
  #told = 0
  /** The latest commit of this process on each flag that the log has not told of yet. */
  readonly #committed = new Map<string, number>()

  /** The highest version that the store itself has told. */
  get told(): number {
    return this.#told
  }

  loaded(asOf: number): void {
    this.#told = Math.max(this.#told, asOf)
  }

  /** This process has committed a change, and the log has told of everything up to `clock`. */
  committed(name: string, version: number, clock: number): void {
    this.loaded(version)
    if (version > clock) this.#committed.set(name, version)
  }

  /** Whether the log ends below what was `told` before it was asked, or has got past a commit of this process without it. */
  contradicts(changes: Changes, told: number): boolean {
    if (changes.cursor.version < told) return true
    if (changes.kind === 'lost' || this.#committed.size === 0) return false
    const latest = new Map(changes.changed.map(({ name, version }) => [name, version]))
    return [...this.#committed].some(([name, version]) => version <= changes.cursor.version && (latest.get(name) ?? 0) < version)
  }

  /** The log has told of everything up to `clock`. */
  logged(clock: number): void {
    for (const [name, version] of this.#committed) if (version <= clock) this.#committed.delete(name)
  }

  /** The log goes on from another place, and may not tell of these commits any more. */
  forgetCommits(): void {
    this.#committed.clear()
  }

  /** Another history. */
  startAnew(asOf: number): void {
    this.#committed.clear()
    this.#told = asOf
  }
}
