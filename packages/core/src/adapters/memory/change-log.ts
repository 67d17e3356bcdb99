import type { Change, ChangesPage, Cursor, HistoryPage, LoggedChanges } from '../../contracts/index.ts'

const DEFAULT_LIMIT = 50

/** What happened after a cursor: the latest version of each flag that changed, or why the log cannot tell. */
export type Since =
  | { readonly latest: ReadonlyMap<string, number>; readonly cursor: Cursor; readonly more: boolean }
  | { readonly lost: 'pruned' | 'rewound' }

/** The changes of a store, oldest first. Only their beginning can be missing. */
export class ChangeLog {
  readonly #changes: Change[] = []
  #prunedTo = 0

  get head(): Cursor {
    const newest = this.#changes.at(-1)
    return newest === undefined ? { version: 0, id: '' } : cursorOf(newest)
  }

  append(change: Change): void {
    this.#changes.push(change)
  }

  since(cursor: Cursor, limit: number): Since {
    const lost = this.#lost(cursor)
    if (lost !== undefined) return { lost }
    const after = this.#after(cursor.version)
    const page = after.slice(0, limit)
    const last = page.at(-1)
    const more = page.length < after.length && last !== undefined
    return { latest: new Map(page.map(({ flag, version }) => [flag, version])), cursor: more ? cursorOf(last) : this.head, more }
  }

  /** Oldest first. */
  page(limit: number = DEFAULT_LIMIT, after?: ChangesPage['after']): LoggedChanges {
    const { head } = this
    const why = after && this.#lost(after)
    if (why !== undefined) return { kind: 'lost', why, head }
    const from = after?.version ?? this.#prunedTo
    const changes = this.#after(from).slice(0, limit)
    return { kind: 'changes', changes, next: cursorOf(changes.at(-1) ?? this.#at(from) ?? { version: from, id: '' }), head }
  }

  /** Newest first. */
  history(flag: string, { limit = DEFAULT_LIMIT, before = Number.POSITIVE_INFINITY }: HistoryPage): readonly Change[] {
    return this.#changes
      .filter((change) => change.flag === flag && change.version < before)
      .slice(-limit)
      .reverse()
  }

  /** Drops what happened up to this moment (milliseconds since 1970), never the newest change; answers how many. */
  prune(upTo: number): number {
    const firstKept = this.#changes.findIndex(({ at }, index) => index === this.#changes.length - 1 || Date.parse(at) > upTo)
    const dropped = this.#changes.splice(0, Math.max(firstKept, 0))
    this.#prunedTo = dropped.at(-1)?.version ?? this.#prunedTo
    return dropped.length
  }

  #after(version: number): readonly Change[] {
    return this.#changes.slice(this.#changes.findLastIndex((change) => change.version <= version) + 1)
  }

  /** The newest change at or below a version. */
  #at(version: number): Change | undefined {
    return this.#changes.findLast((change) => change.version <= version)
  }

  /** Why it cannot tell what came after a place. Without an id, only the version is checked. */
  #lost({ version, id }: NonNullable<ChangesPage['after']>): 'pruned' | 'rewound' | undefined {
    if (version > this.head.version) return 'rewound'
    // At the newest pruned change nothing is missing yet, but the cursor's id can no longer be checked.
    if (version < this.#prunedTo || (version > 0 && version === this.#prunedTo)) return 'pruned'
    return id === undefined || id === (this.#at(version)?.id ?? '') ? undefined : 'rewound'
  }
}

function cursorOf({ version, id }: Cursor): Cursor {
  return { version, id }
}
