import type { Evaluation, JsonValue } from '@flagstone/core'
import { ErrorCode, type FlagMetadata, type JsonValue as MutableJson, type ResolutionDetails } from '@openfeature/server-sdk'
import { type Trouble, troubleOf } from './error-details.ts'

/** The variants of a flag that has none. */
const ON = 'on'
const OFF = 'off'

/** What was asked for: the caller's default, and what the metadata of the answer is. */
export interface Asked<T> {
  readonly fallback: T
  readonly flagMetadata: FlagMetadata
}

/**
 * The gate where the flag is off, or has no variants; else the variant's value. So whoever is out gets `false` and never a default of `true`:
 * a kill switch turns the feature off.
 */
export function booleanResolution(found: Evaluation, asked: Asked<boolean>): ResolutionDetails<boolean> {
  if (found.errorCode === undefined && !found.enabled) {
    return { value: false, variant: OFF, reason: found.reason, flagMetadata: asked.flagMetadata }
  }
  return resolution(found, asked)
}

/** The variant's value for who is in, the default for who is out. */
export function resolution<T extends MutableJson>(found: Evaluation, { fallback, flagMetadata }: Asked<T>): ResolutionDetails<T> {
  const { name, enabled, reason, variant = ON, errorCode, errorMessage = '' } = found
  if (errorCode !== undefined) return failure(fallback, troubleOf(errorCode, errorMessage), flagMetadata)
  if (!enabled) return { value: fallback, reason, flagMetadata }
  const value = found.variant === undefined ? true : (found.value as JsonValue)
  if (suits(value, fallback)) return { value: owned(value) as T, variant, reason, flagMetadata }
  const errorText = `Flag ${name} gives variant ${variant}, ${kindOf(value)}; its default is ${kindOf(fallback)}.`
  return failure(fallback, { errorCode: ErrorCode.TYPE_MISMATCH, errorMessage: errorText }, flagMetadata)
}

/** The default, and why. */
export function failure<T>(value: T, trouble: Trouble, flagMetadata: FlagMetadata = {}): ResolutionDetails<T> {
  return { value, reason: 'ERROR', ...trouble, flagMetadata }
}

/** A default of `null` says only that an object, a list or `null` is wanted. */
function suits(value: JsonValue, fallback: unknown): boolean {
  return kindOf(value) === kindOf(fallback) || (fallback === null && typeof value === 'object')
}

/** OpenFeature's values may be changed by whoever gets them; what memory holds may not. */
function owned(value: JsonValue): JsonValue {
  return typeof value === 'object' ? structuredClone(value) : value
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
