import { FlagsError } from '@flagstone/core'
import { Refusal } from './http-error.ts'
import { type Problem, type ProblemCode, STATUS } from './problem.ts'
import { detailOf } from './safe-error-message.ts'

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
