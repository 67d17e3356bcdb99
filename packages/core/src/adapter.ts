/**
 * What somebody who writes an adapter needs beside the contracts.
 *
 * @module
 */

export type * from './contracts/index.ts'
export { type Blocker, FlagsError, type FlagsErrorCode, type FlagsErrorDetails, toFlagsError } from './errors.ts'
export { segmentKey, segmentNameOf } from './evaluate/segment-key.ts'
export { explanationText } from './explanation-text.ts'
export { assertNoCycle } from './records/prerequisite-cycle.ts'
export { isRecordKey, titleOf } from './records/record-key.ts'
export { alreadyExists, assertExpected, doesNotExist } from './records/refusals.ts'
export { legalRecord, parseStored } from './records/stored-record.ts'
export { systemClock } from './system-clock.ts'
export { tell, warnOfThrown } from './tell.ts'
export { contentOf, type FlagContent, patched } from './validate/flag-content.ts'
export { isFlagName } from './validate/schemas.ts'
export { patchedSegment, type SegmentContent, segmentContentOf } from './validate/segment-content.ts'
export { parseSegment } from './validate/segments.ts'
export { parseDecision, parseRecord } from './validate/validate.ts'
