import { FlagsError, type FlagsErrorCode } from '@flagstone/core'
import { ErrorCode, GeneralError, type OpenFeatureError, ProviderFatalError } from '@openfeature/server-sdk'

/** What OpenFeature has a code of its own for. */
const SHARED: Partial<Record<FlagsErrorCode, ErrorCode>> = {
  FLAG_NOT_FOUND: ErrorCode.FLAG_NOT_FOUND,
  TARGETING_KEY_MISSING: ErrorCode.TARGETING_KEY_MISSING,
  TYPE_MISMATCH: ErrorCode.TYPE_MISMATCH,
  PARSE_ERROR: ErrorCode.PARSE_ERROR,
  INVALID_CONTEXT: ErrorCode.INVALID_CONTEXT,
}

/** What waiting does not mend. */
const FATAL: ReadonlySet<FlagsErrorCode> = new Set(['SCHEMA_MISSING', 'SCHEMA_OLD', 'CLOSED'])

/** An error in OpenFeature's words. Where they have no code for it, Flagstone's own stands before the message. */
export interface Trouble {
  readonly errorCode: ErrorCode
  readonly errorMessage: string
}

export function troubleOf(code: FlagsErrorCode, message: string): Trouble {
  const shared = SHARED[code]
  if (shared !== undefined) return { errorCode: shared, errorMessage: message }
  return { errorCode: code === 'CLOSED' ? ErrorCode.PROVIDER_FATAL : ErrorCode.GENERAL, errorMessage: `${code}: ${message}` }
}

/** Of anything that was thrown. */
export function troubleOfError(error: unknown): Trouble {
  if (error instanceof FlagsError) return troubleOf(error.code, error.message)
  return { errorCode: ErrorCode.GENERAL, errorMessage: error instanceof Error ? error.message : String(error) }
}

/** Why a provider could not be initialised: fatal, or worth waiting for. */
export function initialisationError(error: unknown): OpenFeatureError {
  const { errorMessage } = troubleOfError(error)
  const isFatal = error instanceof FlagsError && FATAL.has(error.code)
  return isFatal ? new ProviderFatalError(errorMessage, { cause: error }) : new GeneralError(errorMessage, { cause: error })
}
