import type { Changes } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'

/** What loads and commits have shown of the store's history. A log that contradicts it belongs to another history. */
export class RewindDetection {
  #highestStoreVersion = 0
  /** The latest commit of this process on each flag, until the log has reached it. */
  readonly #committed = new Map<string, number>()

  get highestStoreVersion(): number {
    return this.#highestStoreVersion
  }

  /** The store has reached `version`. */
  noteVersion(version: number): void {
    this.#highestStoreVersion = Math.max(this.#highestStoreVersion, version)
  }

  /** This process has committed a change; the log has been read up to `clock`. */
  noteCommit(name: string, version: number, clock: number): void {
    this.noteVersion(version)
    if (version > clock) this.#committed.set(name, version)
  }

  /** Whether the log ends below `highestBefore`, the highest known version before it was read, or has passed a commit of this process without it. */
  contradicts(changes: Changes, highestBefore: number): boolean {
    if (changes.cursor.version < highestBefore) return true
    if (changes.kind === 'lost' || this.#committed.size === 0) return false
    const latest = new Map(changes.changed.map(({ name, version }) => [name, version]))
    return [...this.#committed].some(([name, version]) => version <= changes.cursor.version && (latest.get(name) ?? 0) < version)
  }

  /** The log has been read up to `clock`. */
  noteLog(clock: number): void {
    for (const [name, version] of this.#committed) if (version <= clock) this.#committed.delete(name)
  }

  /** The log goes on from another place, and may not have these commits. */
  forgetCommits(): void {
    this.#committed.clear()
  }

  /** Starts again with another history. */
  reset(asOf: number): void {
    this.#committed.clear()
    this.#highestStoreVersion = asOf
  }
}

/** What is reported when the store is at `version` of another history. `isOtherStore`: it is another database by now. */
export function storeRewound(version: number, isOtherStore: boolean): FlagsError {
  const why = isOtherStore
    ? `The store is another database now, at version ${version}: it was switched, copied or restored from a dump.`
    : `The store went back to version ${version}: it was restored, or failed over.`
  return new FlagsError('STORE_REWOUND', `${why} Flags are read anew.`)
}
