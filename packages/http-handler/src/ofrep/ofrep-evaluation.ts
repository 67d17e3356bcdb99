import type { Evaluation, FlagSnapshot, JsonValue, Reason, Source } from '@flagstone/core'
import { type OfrepFailure, ofrepFailure } from './ofrep-errors.ts'

type OfrepReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'UNKNOWN'

/** OFREP's `evaluationSuccess`. Fields that are `undefined` are absent in JSON. Without a value the provider uses the default of its caller. */
export interface OfrepSuccess {
  readonly key: string
  readonly value: JsonValue | undefined
  readonly reason: OfrepReason
  readonly variant: string | undefined
  readonly metadata: {
    readonly version: number | undefined
    readonly source: Source
    /** Flagstone's reason, if OFREP has no equivalent: `DEFAULT` or `STALE`. */
    readonly reason: Reason | undefined
  }
}

/**
 * Converts an evaluation to OFREP. A boolean flag always has a value, `false` for a user who is out, so that a kill switch works whatever the
 * code's default is. Any other flag has its variant's value for a user who is in, and no value for one who is out.
 */
export function ofrepEvaluation(evaluation: Evaluation, snapshot: FlagSnapshot): OfrepSuccess | OfrepFailure {
  const { name, reason, version, source, errorCode, errorMessage = '' } = evaluation
  if (errorCode !== undefined) return ofrepFailure(name, errorCode, errorMessage)
  const shared = reason === 'DEFAULT' || reason === 'STALE' || reason === 'ERROR' ? undefined : reason
  return {
    key: name,
    ...outcomeOf(evaluation, snapshot),
    reason: shared ?? 'UNKNOWN',
    metadata: { version, source, reason: shared === undefined ? reason : undefined },
  }
}

function outcomeOf({ name, enabled, variant, value }: Evaluation, snapshot: FlagSnapshot): Pick<OfrepSuccess, 'value' | 'variant'> {
  if (enabled && variant !== undefined) return { value, variant }
  // The same names as in `@flagstone/openfeature-provider`, so that both count alike in telemetry.
  return snapshot.isBoolean(name) ? { value: enabled, variant: enabled ? 'on' : 'off' } : { value: undefined, variant: undefined }
}
