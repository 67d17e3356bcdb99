import type { NewSegment, SegmentPatch, SegmentRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { check, checkName, nameIn } from './check-input.ts'
import { checkPatterns } from './check-patterns.ts'
import { READER_SCHEMA } from './flag-schemas.ts'
import type { OperatorLibraries } from './operator-libraries.ts'
import { segmentKey } from './segment-key.ts'
import { newSegmentSchema, segmentPatchSchema, segmentSchema } from './segment-schemas.ts'

/** With the library for regular expressions, patterns are compiled too. */
export function checkNewSegment(input: unknown, libraries: OperatorLibraries = {}): NewSegment {
  const name = checkName(nameIn(input))
  const what = `Segment ${name} cannot be created`
  const segment = check(newSegmentSchema, input, 'INVALID_FLAG', what, segmentKey(name))
  checkPatterns(segment, libraries, what, segmentKey(name))
  return segment
}

/** As `checkNewSegment`. */
export function checkSegmentPatch(name: string, input: unknown, libraries: OperatorLibraries = {}): SegmentPatch {
  const what = `Segment ${name} cannot be patched`
  const patch = check(segmentPatchSchema, input, 'INVALID_FLAG', what, segmentKey(name))
  checkPatterns(patch, libraries, what, segmentKey(name))
  return patch
}

/**
 * A segment as it came from a store or a cache: the record itself without unknown fields, or the error that says why it cannot be used
 * (`RECORD_TOO_NEW`, `PARSE_ERROR`). Never throws. `name` is the segment that was asked for; a record of another name is refused.
 */
export function parseSegment(name: string, input: unknown): SegmentRecord | FlagsError {
  const schema = input !== null && typeof input === 'object' && 'schema' in input ? input.schema : undefined
  if (typeof schema === 'number' && schema > READER_SCHEMA) {
    return new FlagsError(
      'RECORD_TOO_NEW',
      `Segment ${name} was written for schema ${schema}; this build reads up to ${READER_SCHEMA}. Upgrade @flagstone/core.`,
      { flag: segmentKey(name) },
    )
  }
  try {
    const record = check(segmentSchema, input, 'PARSE_ERROR', `Segment ${name} is stored wrongly`, segmentKey(name))
    if (record.name === name) return record
    return new FlagsError('PARSE_ERROR', `Under segment ${name} the record of ${record.name} is stored.`, { flag: segmentKey(name) })
  } catch (error) {
    return error as FlagsError
  }
}
