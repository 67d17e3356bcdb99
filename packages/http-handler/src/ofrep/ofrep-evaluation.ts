import type { Evaluation, FlagSnapshot, JsonValue, Reason, Source } from '@flagstone/core'
import { failureOf, type OfrepFailure } from './ofrep-errors.ts'

type OfrepReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'UNKNOWN'

/** OFREP's `evaluationSuccess`; what is `undefined` is not in the JSON. Without a value the provider takes the default of the code that asks. */
export interface OfrepSuccess {
  readonly key: string
  readonly value: JsonValue | undefined
  readonly reason: OfrepReason
  readonly variant: string | undefined
  readonly metadata: {
    readonly version: number | undefined
    readonly source: Source
    /** Flagstone's, where OFREP has no word for it: `DEFAULT` or `STALE`. */
    readonly reason: Reason | undefined
  }
}

/**
 * One flag's evaluation in OFREP's words. A boolean flag has its gate for a value, for who is out too, so that a kill switch turns off
 * whatever the code's default is. Any other flag has its variant's value for who is in and none for who is out.
 */
export function ofrepAnswer(evaluation: Evaluation, snapshot: FlagSnapshot): OfrepSuccess | OfrepFailure {
  const { name, reason, version, source, errorCode, errorMessage = '' } = evaluation
  if (errorCode !== undefined) return failureOf(name, errorCode, errorMessage)
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
  // Named as by the provider for OpenFeature in this process, so that it is the same to whoever counts.
  return snapshot.isBoolean(name) ? { value: enabled, variant: enabled ? 'on' : 'off' } : { value: undefined, variant: undefined }
}
