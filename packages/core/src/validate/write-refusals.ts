import type { ChangeMeta } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { titleOf } from './record-key.ts'
import { segmentNameOf } from './segment-key.ts'

/** `FLAG_EXISTS` or `SEGMENT_EXISTS`, for a create under a key that is taken. */
export function alreadyExists(key: string, version: number): FlagsError {
  const code = segmentNameOf(key) === undefined ? 'FLAG_EXISTS' : 'SEGMENT_EXISTS'
  return new FlagsError(code, `${titleOf(key)} exists already, at version ${version}. Update it, or delete it first.`, { flag: key })
}

/** `FLAG_NOT_FOUND` or `SEGMENT_NOT_FOUND`, for an update or a delete. */
export function doesNotExist(key: string): FlagsError {
  const code = segmentNameOf(key) === undefined ? 'FLAG_NOT_FOUND' : 'SEGMENT_NOT_FOUND'
  return new FlagsError(code, `${titleOf(key)} does not exist. Create it first, or check its name.`, { flag: key })
}

/** Throws `VERSION_CONFLICT` where the writer expected another version than the `actual` one. */
export function assertExpected(key: string, actual: number, { expectedVersion: expected }: ChangeMeta): void {
  if (expected === undefined || expected === actual) return
  throw new FlagsError(
    'VERSION_CONFLICT',
    `${titleOf(key)} is at version ${actual}, not at ${expected}: somebody changed it in between. Read it again, then decide.`,
    { flag: key, versions: { expected, actual } },
  )
}
