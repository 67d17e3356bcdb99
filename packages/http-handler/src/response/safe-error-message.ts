import { FlagsError, type FlagsErrorCode } from '@flagstone/core'

/** What is said in place of a message that may hold an address, a statement or what is stored. The host's `onError` has the message. */
const INSTEAD: Partial<Readonly<Record<FlagsErrorCode, string>>> = {
  INVALID_FLAG: 'The store refuses this.',
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

/** Codes whose messages hold nothing but what was asked, names and versions, wherever they come from. */
const ALWAYS: ReadonlySet<FlagsErrorCode> = new Set(['INVALID_CONTEXT', 'FLAG_NOT_FOUND', 'VERSION_NOT_REACHED', 'TARGETING_KEY_MISSING'])

/** As these, unless something else than Flagstone is the cause: a constraint of the database can also say that a flag is invalid. */
const WITHOUT_FOREIGN_CAUSE: ReadonlySet<FlagsErrorCode> = new Set([
  ...ALWAYS,
  'INVALID_OPTIONS',
  'INVALID_NAME',
  'INVALID_FLAG',
  'FLAG_EXISTS',
  'SEGMENT_NOT_FOUND',
  'SEGMENT_EXISTS',
  'PREREQUISITE_CYCLE',
  'VERSION_CONFLICT',
])

/** What may be said of an answer's error: its message, or something in its place. */
export function tellable(code: FlagsErrorCode, message: string): string {
  return ALWAYS.has(code) ? message : inPlaceOf(code)
}

/** What may be said of an error that was thrown. */
export function detailOf({ code, message, cause }: FlagsError): string {
  const isOurs = cause === undefined || cause instanceof FlagsError
  return isOurs && WITHOUT_FOREIGN_CAUSE.has(code) ? message : inPlaceOf(code)
}

function inPlaceOf(code: FlagsErrorCode): string {
  return INSTEAD[code] ?? 'Something went wrong.'
}
