import type { FlagsErrorCode } from '@flagstone/core'

/** Codes of errors that the handler itself finds, before it calls the client. */
export type HttpCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'ROUTE_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'INVALID_QUERY'
  | 'INVALID_HEADER'
  | 'INVALID_BODY'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'BODY_TOO_LARGE'
  | 'BODY_TIMEOUT'
  | 'REQUEST_ABORTED'

export type ProblemCode = HttpCode | FlagsErrorCode

/** RFC 9457, served as `application/problem+json`. */
export interface Problem {
  /** Always `about:blank`: `code` says which problem it is. */
  readonly type: 'about:blank'
  /** The status in words. */
  readonly title: string
  readonly status: number
  /** What is wrong, and how to fix it. */
  readonly detail: string
  /** Tells programs which problem it is. */
  readonly code: ProblemCode
  /** Only with `VERSION_CONFLICT`. */
  readonly versions?: { readonly expected: number; readonly actual: number }
}

export const PROBLEM_STATUS: Readonly<Record<ProblemCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  INVALID_QUERY: 400,
  INVALID_HEADER: 400,
  INVALID_BODY: 400,
  UNSUPPORTED_MEDIA_TYPE: 415,
  BODY_TOO_LARGE: 413,
  BODY_TIMEOUT: 408,
  REQUEST_ABORTED: 400,
  INVALID_OPTIONS: 400,
  INVALID_NAME: 400,
  INVALID_FLAG: 400,
  INVALID_CONTEXT: 400,
  TARGETING_KEY_MISSING: 400,
  FLAG_NOT_FOUND: 404,
  SEGMENT_NOT_FOUND: 404,
  FLAG_EXISTS: 409,
  SEGMENT_EXISTS: 409,
  // Not 400: the same request may pass once another flag has changed.
  PREREQUISITE_CYCLE: 409,
  VERSION_CONFLICT: 412,
  VERSION_NOT_REACHED: 503,
  WRITE_BLOCKED: 503,
  STORE_UNAVAILABLE: 503,
  STORE_TIMEOUT: 503,
  REPLICA_UNAVAILABLE: 503,
  REPLICA_OF_OTHER_STORE: 503,
  STORE_REWOUND: 503,
  SCHEMA_MISSING: 503,
  SCHEMA_OLD: 503,
  CACHE_UNAVAILABLE: 503,
  CACHE_TIMEOUT: 503,
  STORE_IS_STANDBY: 503,
  ROWS_HIDDEN: 503,
  CHANNEL_DOWN: 503,
  CLOSED: 503,
  TYPE_MISMATCH: 500,
  PARSE_ERROR: 500,
  RECORD_TOO_NEW: 500,
  CACHE_SHARED_BY_STORES: 500,
  PROCESS_SUSPENDED: 503,
  GENERAL: 500,
}
