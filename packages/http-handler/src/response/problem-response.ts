import { FlagsError } from '@flagstone/core'
import { HttpError } from './http-error.ts'
import { PROBLEM_STATUS, type Problem, type ProblemCode } from './problem.ts'
import { safeErrorDetail } from './safe-error-message.ts'

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

/**
 * The response to anything that was thrown. An error with a status of 500 or more, or whose message is replaced in the response, is also passed
 * to `report`; `what` is the subject of its message.
 */
export function problemResponse(thrown: unknown, what: string, report: (error: FlagsError) => void): Response {
  if (thrown instanceof HttpError) return problemDocument(thrown.code, thrown.message, {}, thrown.headers)
  const error = thrown instanceof FlagsError ? thrown : new FlagsError('GENERAL', `${what} failed.`, { cause: thrown })
  const { code, message, versions } = error
  const detail = safeErrorDetail(error)
  if (PROBLEM_STATUS[code] >= 500 || detail !== message) report(error)
  return problemDocument(code, detail, versions === undefined ? {} : { versions })
}

function problemDocument(
  code: ProblemCode,
  detail: string,
  members: Pick<Problem, 'versions'> = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const status = PROBLEM_STATUS[code]
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
