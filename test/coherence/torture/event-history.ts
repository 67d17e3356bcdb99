import type { Sql } from 'postgres'
import type { Write } from '../oracle.ts'
import type { WorkerListener } from './worker-handle.ts'
import { type AnnouncedChange, now } from './worker-messages.ts'

/** One entry of the change log in PostgreSQL. */
export interface LoggedChange extends AnnouncedChange {
  readonly deleted: boolean
  readonly rollout: number | undefined
  /** When it was read from the log; it was committed before. */
  readonly seenAt: number
}

export interface Note {
  readonly at: number
  readonly text: string
}

/** Records what happened: the changes, when each was committed, the faults, and which workers crashed. */
export class EventHistory implements WorkerListener {
  readonly changes: LoggedChange[] = []
  readonly notes: Note[] = []
  readonly crashes: string[] = []
  readonly #sql: Sql
  readonly #onNews: (changes: readonly AnnouncedChange[]) => void
  readonly #committedAt = new Map<number, number>()
  readonly #resolved = new Map<number, { readonly process: string; readonly at: number; readonly propagated: boolean }>()
  #reading: Promise<void> = Promise.resolve()

  constructor(sql: Sql, onNews: (changes: readonly AnnouncedChange[]) => void) {
    this.#sql = sql
    this.#onNews = onNews
  }

  get version(): number {
    return this.changes.at(-1)?.version ?? 0
  }

  note(text: string): void {
    this.notes.push({ at: now(), text })
  }

  committed(version: number, at: number): void {
    this.#committedAt.set(version, at)
  }

  resolved(process: string, version: number, at: number, propagated: boolean): void {
    this.#resolved.set(version, { process, at, propagated })
  }

  crashed(process: string, why: string): void {
    this.note(`${process} crashed`)
    this.crashes.push(`${process}: ${why}`)
  }

  /** Reads the new entries of the change log. Versions are in commit order, so no entry is ever added below the last one. */
  readChangeLog(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readNewChanges())
    return this.#reading
  }

  /** For the laws: a write by a client counts from when the client's call resolved. */
  get writes(): readonly Write[] {
    return this.changes.map(({ flag, version, deleted, seenAt }) => {
      const resolved = this.#resolved.get(version)
      const about = { kind: 'write', flag, version, deleted } as const
      return resolved === undefined ? { ...about, at: seenAt, propagated: false } : { ...about, ...resolved }
    })
  }

  /** For the bounds: every write counts from its commit. */
  get commits(): readonly Write[] {
    return this.changes.map(({ flag, version, deleted, seenAt }) => {
      const at = Math.min(seenAt, this.#committedAt.get(version) ?? seenAt)
      return { kind: 'write', flag, version, deleted, at, propagated: false }
    })
  }

  async #readNewChanges(): Promise<void> {
    const rows = await this.#sql<{ version: string; flag: string; operation: string; rollout: string | null }[]>`
      SELECT version::text, flag, operation, after->>'rollout' AS rollout
      FROM feature_flag_changes WHERE version > ${this.version} ORDER BY version`
    const seenAt = now()
    const news = rows.map(({ version, flag, operation, rollout }) => ({
      ...{ flag, version: Number(version), deleted: operation === 'delete', seenAt },
      rollout: rollout === null ? undefined : Number(rollout),
    }))
    this.changes.push(...news)
    if (news.length > 0) this.#onNews(news.map(({ flag, version }) => ({ flag, version })))
  }
}
