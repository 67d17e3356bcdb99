import type { Change, ChangesPage } from '@flagstone/core'

/** A position in the change log: a version, and the id of its change if that is known. */
export type LogPosition = NonNullable<ChangesPage['after']>

/** What clients are told of a change. */
export type LogEntry = Pick<Change, 'version' | 'id' | 'flag'>
