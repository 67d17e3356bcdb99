import { FlagsError, type FlagsErrorCode } from '@flagstone/core'

/** Replacements for messages that may hold an address, a statement or stored data. `onError` gets the full message. */
const REPLACEMENTS: Partial<Readonly<Record<FlagsErrorCode, string>>> = {
  INVALID_FLAG: 'The store rejected the change.',
  STORE_UNAVAILABLE: 'The store cannot be reached.',
  STORE_TIMEOUT: 'The store did not answer in time.',
  REPLICA_UNAVAILABLE: 'The store cannot be reached.',
  REPLICA_OF_OTHER_STORE: 'The store cannot be reached.',
  SCHEMA_MISSING: 'The store is not set up yet.',
  SCHEMA_OLD: 'The store is not set up for this version yet.',
  WRITE_BLOCKED: 'Another transaction kept this write waiting for too long; nothing was written.',
  PARSE_ERROR: 'The stored record cannot be read.',
  RECORD_TOO_NEW: 'The stored record needs a newer version than this.',
  CLOSED: 'The service is shutting down.',
}

/** Codes whose messages only repeat names and versions from the request. */
const ALWAYS_SAFE: ReadonlySet<FlagsErrorCode> = new Set([
  'INVALID_CONTEXT',
  'FLAG_NOT_FOUND',
  'VERSION_NOT_REACHED',
  'TARGETING_KEY_MISSING',
])

/** Codes whose messages are safe if Flagstone itself raised the error: a database constraint can also report an invalid flag. */
const SAFE_WITHOUT_FOREIGN_CAUSE: ReadonlySet<FlagsErrorCode> = new Set([
  ...ALWAYS_SAFE,
  'INVALID_OPTIONS',
  'INVALID_NAME',
  'INVALID_FLAG',
  'FLAG_EXISTS',
  'SEGMENT_NOT_FOUND',
  'SEGMENT_EXISTS',
  'PREREQUISITE_CYCLE',
  'VERSION_CONFLICT',
])

/** The message of an evaluation's error, or a replacement if the message may not leave the process. */
export function safeErrorMessage(code: FlagsErrorCode, message: string): string {
  return ALWAYS_SAFE.has(code) ? message : replacementFor(code)
}

/** The message of a thrown error, or a replacement if the message may not leave the process. */
export function safeErrorDetail({ code, message, cause }: FlagsError): string {
  const isOurs = cause === undefined || cause instanceof FlagsError
  return isOurs && SAFE_WITHOUT_FOREIGN_CAUSE.has(code) ? message : replacementFor(code)
}

function replacementFor(code: FlagsErrorCode): string {
  return REPLACEMENTS[code] ?? 'Something went wrong.'
}
