import { FlagsError, type FlagsErrorCode } from '@flagstone/core'
import { Refusal } from '../response/http-error.ts'
import { json } from '../response/json-response.ts'
import { problemOf } from '../response/problem-response.ts'
import { tellable } from '../response/safe-error-message.ts'

/** What OFREP has a code for; anything else is `GENERAL`. */
type OfrepCode = 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'FLAG_NOT_FOUND' | 'GENERAL'

/** Of one flag (`evaluationFailure`, `flagNotFound`), or without a key of a whole request (`bulkEvaluationFailure`, `generalErrorResponse`). */
export interface OfrepFailure {
  readonly key?: string
  readonly errorCode: OfrepCode
  readonly errorDetails: string
}

/** A request that OFREP itself has an answer to. */
export class OfrepRefusal extends Error {
  override readonly name = 'OfrepRefusal'
  readonly code: 'PARSE_ERROR' | 'INVALID_CONTEXT'

  constructor(code: 'PARSE_ERROR' | 'INVALID_CONTEXT', details: string) {
    super(details)
    this.code = code
  }
}

const SHARED: ReadonlySet<FlagsErrorCode> = new Set([
  'PARSE_ERROR',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'FLAG_NOT_FOUND',
] satisfies OfrepCode[])

/** Of one flag, or of all. Where OFREP has no code for it, Flagstone's own stands before the details. */
export function failureOf(key: string | undefined, code: FlagsErrorCode, message: string): OfrepFailure {
  const about = key === undefined ? {} : { key }
  const details = tellable(code, message)
  if (SHARED.has(code)) return { ...about, errorCode: code as OfrepCode, errorDetails: details }
  return { ...about, errorCode: 'GENERAL', errorDetails: `${code}: ${details}` }
}

/** What a code means for a request for one flag: the caller's mistake, no such flag, or ours. */
export function statusOf(code: FlagsErrorCode): number {
  if (code === 'FLAG_NOT_FOUND') return 404
  return code === 'TARGETING_KEY_MISSING' || code === 'INVALID_CONTEXT' ? 400 : 500
}

/**
 * The response for anything that was thrown, for one flag or for all: in OFREP's words where it has some, which is 400 and 500, otherwise
 * (401, 403, 408, 413, 415) as a problem document. What is the server's fault goes to `report` as well.
 */
export function ofrepErrorOf(thrown: unknown, key: string | undefined, report: (error: FlagsError) => void): Response {
  const about = key === undefined ? {} : { key }
  if (thrown instanceof OfrepRefusal) return json({ ...about, errorCode: thrown.code, errorDetails: thrown.message }, 400)
  if (thrown instanceof Refusal) {
    if (thrown.code !== 'INVALID_BODY') return problemOf(thrown, 'An OFREP request', report)
    return json({ ...about, errorCode: 'PARSE_ERROR', errorDetails: thrown.message }, 400)
  }
  const error = thrown instanceof FlagsError ? thrown : new FlagsError('GENERAL', 'An OFREP request failed.', { cause: thrown })
  // Anybody can ask for a version that was never given out.
  if (error.code !== 'VERSION_NOT_REACHED') report(error)
  return json(failureOf(key, error.code, error.message), 500)
}
