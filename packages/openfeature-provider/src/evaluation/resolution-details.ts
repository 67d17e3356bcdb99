import type { Evaluation, JsonValue } from '@flagstone/core'
import { ErrorCode, type FlagMetadata, type JsonValue as MutableJson, type ResolutionDetails } from '@openfeature/server-sdk'
import { type ErrorDetails, errorDetails } from './error-details.ts'

/** The variant names of a flag without variants. */
const ON = 'on'
const OFF = 'off'

/** The caller's default value, and the metadata of the result. */
export interface ResolutionDefaults<T> {
  readonly fallback: T
  readonly flagMetadata: FlagMetadata
}

/**
 * `false` if the user is out, otherwise the variant's value, or `true` without variants. A user who is out never gets a default of `true`, so
 * that a kill switch turns the feature off.
 */
export function booleanResolutionDetails(evaluation: Evaluation, defaults: ResolutionDefaults<boolean>): ResolutionDetails<boolean> {
  if (evaluation.errorCode === undefined && !evaluation.enabled) {
    return { value: false, variant: OFF, reason: evaluation.reason, flagMetadata: defaults.flagMetadata }
  }
  return resolutionDetails(evaluation, defaults)
}

/** The variant's value for a user who is in, the default for one who is out. */
export function resolutionDetails<T extends MutableJson>(
  evaluation: Evaluation,
  { fallback, flagMetadata }: ResolutionDefaults<T>,
): ResolutionDetails<T> {
  const { name, enabled, reason, variant = ON, errorCode, errorMessage = '' } = evaluation
  if (errorCode !== undefined) return errorResolutionDetails(fallback, errorDetails(errorCode, errorMessage), flagMetadata)
  if (!enabled) return { value: fallback, reason, flagMetadata }
  const value = evaluation.variant === undefined ? true : (evaluation.value as JsonValue)
  if (hasWantedType(value, fallback)) return { value: copied(value) as T, variant, reason, flagMetadata }
  const errorText = `Flag ${name} gives variant ${variant}, ${kindOf(value)}; its default is ${kindOf(fallback)}.`
  return errorResolutionDetails(fallback, { errorCode: ErrorCode.TYPE_MISMATCH, errorMessage: errorText }, flagMetadata)
}

/** The default value, with the error. */
export function errorResolutionDetails<T>(value: T, error: ErrorDetails, flagMetadata: FlagMetadata = {}): ResolutionDetails<T> {
  return { value, reason: 'ERROR', ...error, flagMetadata }
}

/** A default of `null` accepts an object, a list or `null`. */
function hasWantedType(value: JsonValue, fallback: unknown): boolean {
  return kindOf(value) === kindOf(fallback) || (fallback === null && typeof value === 'object')
}

/** Callers may change an OpenFeature value, but not the value in memory: so objects are copied. */
function copied(value: JsonValue): JsonValue {
  return typeof value === 'object' ? structuredClone(value) : value
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
