import type { Change, ChangeMeta, Flags, HistoryPage, Written } from '@flagstone/core'

/** The administration that flags and segments share. Request bodies are passed on unchecked: core validates them. */
interface RecordsAdmin {
  list(): Promise<readonly object[]>
  get(name: string): Promise<{ readonly version: number } | null>
  create(record: object, meta?: ChangeMeta): Promise<Written>
  update(name: string, patch: object, meta?: ChangeMeta): Promise<Written>
  delete(name: string, meta?: ChangeMeta): Promise<Written>
  history(name: string, page?: HistoryPage): Promise<readonly Change[]>
}

/** One kind of record, with its names in paths, bodies, schemas and problems. */
export interface RecordKind {
  readonly subject: 'flag' | 'segment'
  /** The prefix of its schema names. */
  readonly title: 'Flag' | 'Segment'
  readonly admin: RecordsAdmin
  /** The path of the stored record; `/flags/{name}` evaluates the flag. */
  readonly recordPath: string
  readonly notFound: 'FLAG_NOT_FOUND' | 'SEGMENT_NOT_FOUND'
  readonly exists: 'FLAG_EXISTS' | 'SEGMENT_EXISTS'
  /** Further problems of a write. */
  readonly writeProblems: readonly 'PREREQUISITE_CYCLE'[]
}

export function recordKinds({ admin }: Flags): readonly RecordKind[] {
  return [
    {
      subject: 'flag',
      title: 'Flag',
      admin,
      recordPath: '/flags/{name}/record',
      notFound: 'FLAG_NOT_FOUND',
      exists: 'FLAG_EXISTS',
      writeProblems: ['PREREQUISITE_CYCLE'],
    },
    {
      subject: 'segment',
      title: 'Segment',
      admin: admin.segments,
      recordPath: '/segments/{name}',
      notFound: 'SEGMENT_NOT_FOUND',
      exists: 'SEGMENT_EXISTS',
      writeProblems: [],
    },
  ]
}
