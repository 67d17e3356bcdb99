import type { Change, ChangeMeta, Flags, HistoryPage, Written } from '@flagstone/core'

/** What the administration of flags and that of segments have in common. Bodies go in as they came: core checks them. */
interface RecordsAdmin {
  list(): Promise<readonly object[]>
  get(name: string): Promise<{ readonly version: number } | null>
  create(record: object, meta?: ChangeMeta): Promise<Written>
  update(name: string, patch: object, meta?: ChangeMeta): Promise<Written>
  delete(name: string, meta?: ChangeMeta): Promise<Written>
  history(name: string, page?: HistoryPage): Promise<readonly Change[]>
}

/** One kind of record: what it is called in paths, bodies, schemas and problems. */
export interface RecordKind {
  readonly subject: 'flag' | 'segment'
  /** Begins the names of its schemas. */
  readonly title: 'Flag' | 'Segment'
  readonly admin: RecordsAdmin
  /** Where the record itself is; a flag's own path evaluates it. */
  readonly recordPath: string
  readonly notFound: 'FLAG_NOT_FOUND' | 'SEGMENT_NOT_FOUND'
  readonly exists: 'FLAG_EXISTS' | 'SEGMENT_EXISTS'
  /** What else may be said of a write. */
  readonly refusals: readonly 'PREREQUISITE_CYCLE'[]
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
      refusals: ['PREREQUISITE_CYCLE'],
    },
    {
      subject: 'segment',
      title: 'Segment',
      admin: admin.segments,
      recordPath: '/segments/{name}',
      notFound: 'SEGMENT_NOT_FOUND',
      exists: 'SEGMENT_EXISTS',
      refusals: [],
    },
  ]
}
