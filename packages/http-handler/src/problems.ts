import { FlagsError, type FlagsErrorCode } from '@flagstone/core'
import { detailOf } from './disclosure.ts'

/** What HTTP can say no to before Flagstone is asked. */
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
  /** What is wrong, and the way out. */
  readonly detail: string
  /** To act on. */
  readonly code: ProblemCode
  /** Of a `VERSION_CONFLICT`. */
  readonly versions?: { readonly expected: number; readonly actual: number }
}

export const STATUS: Readonly<Record<ProblemCode, number>> = {
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
  CHANNEL_DOWN: 503,
  CLOSED: 503,
  TYPE_MISMATCH: 500,
  PARSE_ERROR: 500,
  RECORD_TOO_NEW: 500,
  CACHE_SHARED_BY_STORES: 500,
  GENERAL: 500,
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const RETRY_AFTER_S = '1'

/** Thrown by whatever looks at a request, and answered as a problem. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: HttpCode
  readonly headers: Readonly<Record<string, string>>

  constructor(code: HttpCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.code = code
    this.headers = headers
  }
}

/**
 * The response for anything that was thrown. What is the server's fault by its status, and what is not told in full, goes to `report` as
 * well; `what` names there what went wrong.
 */
export function problemOf(thrown: unknown, what: string, report: (error: FlagsError) => void): Response {
  if (thrown instanceof Refusal) return problem(thrown.code, thrown.message, {}, thrown.headers)
  const error = thrown instanceof FlagsError ? thrown : new FlagsError('GENERAL', `${what} failed.`, { cause: thrown })
  const { code, message, versions } = error
  const detail = detailOf(error)
  if (STATUS[code] >= 500 || detail !== message) report(error)
  return problem(code, detail, versions === undefined ? {} : { versions })
}

function problem(
  code: ProblemCode,
  detail: string,
  members: Pick<Problem, 'versions'> = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const status = STATUS[code]
  const body: Problem = { type: 'about:blank', title: TITLES[status] ?? '', status, detail, code, ...members }
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(status === 503 ? { 'Retry-After': RETRY_AFTER_S } : {}),
      ...headers,
    },
  })
}
