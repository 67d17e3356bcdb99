/**
 * What an adapter needs beside the contracts.
 *
 * @module
 */

export type * from './contracts/index.ts'
export { type Blocker, FlagsError, type FlagsErrorCode, type FlagsErrorDetails, toFlagsError } from './errors/flags-error.ts'
export { callHost, warnOfHostError } from './errors/host-callback.ts'
export { explanationText } from './explain/explanation-text.ts'
export { SeenStores } from './layers/seen-stores.ts'
export { systemClock } from './layers/system-clock.ts'
export { parseDecision, parseRecord } from './validate/check-flag.ts'
export { parseSegment } from './validate/check-segment.ts'
export { contentOf, type FlagContent, patched } from './validate/flag-content.ts'
export { isFlagName } from './validate/flag-name.ts'
export { assertNoCycle } from './validate/prerequisite-cycle.ts'
export { isRecordKey, titleOf } from './validate/record-key.ts'
export { patchedSegment, type SegmentContent, segmentContentOf } from './validate/segment-content.ts'
export { segmentKey, segmentNameOf } from './validate/segment-key.ts'
export { legalRecord, parseStored } from './validate/stored-record.ts'
export { alreadyExists, assertExpected, doesNotExist } from './validate/write-refusals.ts'
