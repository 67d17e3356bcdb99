import type { FlagsError } from '../errors/flags-error.ts'
import type { FlagRecord } from './flag-record.ts'
import type { SegmentRecord } from './segment-record.ts'

/** What a store keeps under a key. A flag's key is its name; a segment's is `segment:<name>`, which no flag can be named. */
export type StoredRecord = FlagRecord | SegmentRecord

/** A record, `null` where it is known to be absent, or the error that says why the stored record cannot be used. */
export type LoadedRecord = StoredRecord | null | FlagsError
