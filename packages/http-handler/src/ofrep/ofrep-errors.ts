import { FlagsError, type FlagsErrorCode } from '@flagstone/core'
import { HttpError } from '../response/http-error.ts'
import { jsonResponse } from '../response/json-response.ts'
import { problemResponse } from '../response/problem-response.ts'
import { safeErrorMessage } from '../response/safe-error-message.ts'

/** The error codes of OFREP; every other error is `GENERAL`. */
type OfrepCode = 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'FLAG_NOT_FOUND' | 'GENERAL'

/** The failure of one flag (`evaluationFailure`, `flagNotFound`), or without a key of a whole request (`bulkEvaluationFailure`, `generalErrorResponse`). */
export interface OfrepFailure {
  readonly key?: string
  readonly errorCode: OfrepCode
  readonly errorDetails: string
}

/** An invalid request that OFREP defines a response for. */
export class OfrepError extends Error {
  override readonly name = 'OfrepError'
  readonly code: 'PARSE_ERROR' | 'INVALID_CONTEXT'

  constructor(code: 'PARSE_ERROR' | 'INVALID_CONTEXT', details: string) {
    super(details)
    this.code = code
  }
}

const OFREP_CODES: ReadonlySet<FlagsErrorCode> = new Set([
  'PARSE_ERROR',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'FLAG_NOT_FOUND',
] satisfies OfrepCode[])

/** The failure of one flag, or without `key` of all. If OFREP has no code for it, the details begin with Flagstone's code. */
export function ofrepFailure(key: string | undefined, code: FlagsErrorCode, message: string): OfrepFailure {
  const about = key === undefined ? {} : { key }
  const details = safeErrorMessage(code, message)
  if (OFREP_CODES.has(code)) return { ...about, errorCode: code as OfrepCode, errorDetails: details }
  return { ...about, errorCode: 'GENERAL', errorDetails: `${code}: ${details}` }
}

/** The status of a failed request for one flag: 400 for the caller's mistake, 404 for no such flag, else 500. */
export function ofrepStatus(code: FlagsErrorCode): number {
  if (code === 'FLAG_NOT_FOUND') return 404
  return code === 'TARGETING_KEY_MISSING' || code === 'INVALID_CONTEXT' ? 400 : 500
}

/**
 * The response to anything that was thrown, for one flag or for all: in OFREP's format for 400 and 500, otherwise (401, 403, 408, 413, 415) a
 * problem document. Server errors are also passed to `report`.
 */
export function ofrepErrorResponse(thrown: unknown, key: string | undefined, report: (error: FlagsError) => void): Response {
  const about = key === undefined ? {} : { key }
  if (thrown instanceof OfrepError) return jsonResponse({ ...about, errorCode: thrown.code, errorDetails: thrown.message }, 400)
  if (thrown instanceof HttpError) {
    if (thrown.code !== 'INVALID_BODY') return problemResponse(thrown, 'An OFREP request', report)
    return jsonResponse({ ...about, errorCode: 'PARSE_ERROR', errorDetails: thrown.message }, 400)
  }
  const error = thrown instanceof FlagsError ? thrown : new FlagsError('GENERAL', 'An OFREP request failed.', { cause: thrown })
  // Not reported: anybody can request a version that does not exist.
  if (error.code !== 'VERSION_NOT_REACHED') report(error)
  return jsonResponse(ofrepFailure(key, error.code, error.message), 500)
}
