import { FlagsError, type FlagsErrorCode } from '@flagstone/core'
import { ErrorCode, GeneralError, type OpenFeatureError, ProviderFatalError } from '@openfeature/server-sdk'

/** The errors that OpenFeature has a code for. */
const OPENFEATURE_CODES: Partial<Record<FlagsErrorCode, ErrorCode>> = {
  FLAG_NOT_FOUND: ErrorCode.FLAG_NOT_FOUND,
  TARGETING_KEY_MISSING: ErrorCode.TARGETING_KEY_MISSING,
  TYPE_MISMATCH: ErrorCode.TYPE_MISMATCH,
  PARSE_ERROR: ErrorCode.PARSE_ERROR,
  INVALID_CONTEXT: ErrorCode.INVALID_CONTEXT,
}

/** Errors that waiting does not fix. */
const FATAL: ReadonlySet<FlagsErrorCode> = new Set(['SCHEMA_MISSING', 'SCHEMA_OLD', 'CLOSED'])

/** An OpenFeature error code and message. If OpenFeature has no code for an error, the message begins with Flagstone's code. */
export interface ErrorDetails {
  readonly errorCode: ErrorCode
  readonly errorMessage: string
}

export function errorDetails(code: FlagsErrorCode, message: string): ErrorDetails {
  const shared = OPENFEATURE_CODES[code]
  if (shared !== undefined) return { errorCode: shared, errorMessage: message }
  return { errorCode: code === 'CLOSED' ? ErrorCode.PROVIDER_FATAL : ErrorCode.GENERAL, errorMessage: `${code}: ${message}` }
}

/** The details of anything that was thrown. */
export function thrownErrorDetails(error: unknown): ErrorDetails {
  if (error instanceof FlagsError) return errorDetails(error.code, error.message)
  return { errorCode: ErrorCode.GENERAL, errorMessage: error instanceof Error ? error.message : String(error) }
}

/** The error that the provider's initialization rejects with: fatal, or one that may pass. */
export function initializationError(error: unknown): OpenFeatureError {
  const { errorMessage } = thrownErrorDetails(error)
  const isFatal = error instanceof FlagsError && FATAL.has(error.code)
  return isFatal ? new ProviderFatalError(errorMessage, { cause: error }) : new GeneralError(errorMessage, { cause: error })
}
