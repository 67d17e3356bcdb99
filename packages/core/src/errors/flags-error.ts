/** What went wrong. Where OpenFeature has a code for it, it is OpenFeature's. */
export type FlagsErrorCode =
  /** An option is missing or out of its bounds; the message names it. */
  | 'INVALID_OPTIONS'
  /** A flag name breaks `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`. */
  | 'INVALID_NAME'
  /** A flag or a patch breaks the schema; the message names the path and what was expected. */
  | 'INVALID_FLAG'
  /** The evaluation context is not a string, a safe integer or an object with a string `targetingKey`. */
  | 'INVALID_CONTEXT'
  | 'FLAG_NOT_FOUND'
  | 'FLAG_EXISTS'
  | 'SEGMENT_NOT_FOUND'
  | 'SEGMENT_EXISTS'
  /** A flag would require itself, directly or through others; the message has the path. */
  | 'PREREQUISITE_CYCLE'
  /** `expectedVersion` was not the record's version; `versions` has both. */
  | 'VERSION_CONFLICT'
  /** The store has not reached the `minVersion` that a call asked for. */
  | 'VERSION_NOT_REACHED'
  /** Another transaction kept a write waiting past its lock timeout; `blockers` says who. */
  | 'WRITE_BLOCKED'
  | 'TARGETING_KEY_MISSING'
  | 'TYPE_MISMATCH'
  /** A value that was read from the store or the cache is malformed. */
  | 'PARSE_ERROR'
  /** A record needs a newer Flagstone than this one; it is left alone. */
  | 'RECORD_TOO_NEW'
  | 'STORE_UNAVAILABLE'
  | 'STORE_TIMEOUT'
  /** The store's tables are missing or older than this build; run `migrate()`. */
  | 'SCHEMA_MISSING'
  | 'SCHEMA_OLD'
  /** The server that answers as the store is a standby: its answers are `STALE`, and nothing is filled from it. */
  | 'STORE_IS_STANDBY'
  /** The store hides rows from its reader, which would take them for missing. */
  | 'ROWS_HIDDEN'
  /** Neither the store nor its replica can be read. */
  | 'REPLICA_UNAVAILABLE'
  /** The store's replica is a copy of another store; nothing is answered from it. */
  | 'REPLICA_OF_OTHER_STORE'
  /** The store went back to an older state: it was restored, or failed over and lost commits. */
  | 'STORE_REWOUND'
  | 'CACHE_UNAVAILABLE'
  | 'CACHE_TIMEOUT'
  /** Two stores use one cache under one prefix. They never see each other's flags, but they evict each other. */
  | 'CACHE_SHARED_BY_STORES'
  /** A hint channel went down; reads go on, changes arrive by another channel or by the poll. */
  | 'CHANNEL_DOWN'
  /** This process was suspended, or its clock was set; what it held is read anew. */
  | 'PROCESS_SUSPENDED'
  /** The client was closed. */
  | 'CLOSED'
  /** Anything else; `cause` has it. */
  | 'GENERAL'

/** Who keeps a write waiting. */
export interface Blocker {
  readonly pid: number
  readonly application: string
  /** How long its transaction has been open, in milliseconds. */
  readonly ageMs: number
}

/** What an error can carry beside its code and message. */
export interface FlagsErrorDetails {
  /** What it is about: a flag's name, or `segment:<name>`. */
  readonly flag?: string
  readonly cause?: unknown
  readonly versions?: { readonly expected: number; readonly actual: number }
  readonly blockers?: readonly Blocker[]
}

// Shared by every copy of this class in a process, so that `instanceof` holds where an app loads both the ESM and the CJS build.
const BRAND = Symbol.for('flagstone.error')

/** The one error of Flagstone: a `code` to act on, a message that names the flag and the way out, and the `cause`. */
export class FlagsError extends Error {
  override readonly name = 'FlagsError'
  readonly code: FlagsErrorCode
  readonly flag: string | undefined
  /** Of a `VERSION_CONFLICT`: the version that the caller expected and the one that the flag has. */
  readonly versions: { readonly expected: number; readonly actual: number } | undefined
  /** Of a `WRITE_BLOCKED`. */
  readonly blockers: readonly Blocker[] | undefined

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value !== null && typeof value === 'object' && BRAND in value
  }

  constructor(code: FlagsErrorCode, message: string, details: FlagsErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    Object.defineProperty(this, BRAND, { value: true })
    this.code = code
    this.flag = details.flag
    this.versions = details.versions
    this.blockers = details.blockers
  }
}

/** `cause` itself where it is a `FlagsError`, otherwise a new one around it. */
export function toFlagsError(cause: unknown, code: FlagsErrorCode, what: string): FlagsError {
  if (cause instanceof FlagsError) return cause
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause)
  return new FlagsError(code, `${what}: ${reason}`, { cause })
}
