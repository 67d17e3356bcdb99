import type { FlagsErrorCode } from '@flagstone/core'

/** What is said in place of a message that may hold an address, a statement or what is stored. The host's `onError` has the message. */
const INSTEAD: Partial<Readonly<Record<FlagsErrorCode, string>>> = {
  STORE_UNAVAILABLE: 'The store cannot be reached.',
  STORE_TIMEOUT: 'The store did not answer in time.',
  REPLICA_UNAVAILABLE: 'The store cannot be reached.',
  REPLICA_OF_OTHER_STORE: 'The store cannot be reached.',
  SCHEMA_MISSING: 'The store is not set up yet.',
  SCHEMA_OLD: 'The store is not set up for this build yet.',
  WRITE_BLOCKED: 'Another transaction kept this write waiting for too long; nothing was written.',
  PARSE_ERROR: 'What is stored cannot be read rightly.',
  RECORD_TOO_NEW: 'What is stored needs a newer build than this.',
  CLOSED: 'The service is shutting down.',
}

/** Codes whose messages hold nothing but what the caller said, names and versions. */
const TELLABLE: ReadonlySet<FlagsErrorCode> = new Set([
  'INVALID_OPTIONS',
  'INVALID_NAME',
  'INVALID_FLAG',
  'INVALID_CONTEXT',
  'FLAG_NOT_FOUND',
  'FLAG_EXISTS',
  'SEGMENT_NOT_FOUND',
  'SEGMENT_EXISTS',
  'PREREQUISITE_CYCLE',
  'VERSION_CONFLICT',
  'VERSION_NOT_REACHED',
  'TARGETING_KEY_MISSING',
])

/** The message, where whoever asks may see it, or what can be said in its place. */
export function tellable(code: FlagsErrorCode, message: string): string {
  return TELLABLE.has(code) ? message : (INSTEAD[code] ?? 'Something went wrong.')
}
