import type { Change, Cursor, HistoryPage } from '../contracts/index.ts'

const DEFAULT_LIMIT = 50

/** What the log knows of the time after a cursor: the latest version of each flag that changed, or why it cannot tell. */
export type Since = { readonly latest: ReadonlyMap<string, number> } | { readonly lost: 'pruned' | 'rewound' }

/** The changes of a store, oldest first. Only their beginning can be missing. */
export class ChangeLog {
  readonly #changes: Change[] = []
  #prunedTo = 0

  get head(): Cursor {
    const newest = this.#changes.at(-1)
    return newest === undefined ? { version: 0, id: '' } : { version: newest.version, id: newest.id }
  }

  append(change: Change): void {
    this.#changes.push(change)
  }

  since(cursor: Cursor): Since {
    if (cursor.version > this.head.version) return { lost: 'rewound' }
    // At the newest pruned change itself nothing is missing yet, but whether the cursor's id was ever right can no longer be told.
    if (cursor.version < this.#prunedTo || (cursor.version > 0 && cursor.version === this.#prunedTo)) return { lost: 'pruned' }
    const at = this.#changes.findLastIndex(({ version }) => version <= cursor.version)
    if ((this.#changes[at]?.id ?? '') !== cursor.id) return { lost: 'rewound' }
    return { latest: new Map(this.#changes.slice(at + 1).map(({ flag, version }) => [flag, version])) }
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
}
