import type { Change, ChangesPage } from '@flagstone/core'

/** A place in the change log: a version, and the id of the change at it where that is known. */
export type Place = NonNullable<ChangesPage['after']>

/** Of a change, what is told. */
export type Entry = Pick<Change, 'version' | 'id' | 'flag'>
