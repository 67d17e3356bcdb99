import type { Evaluation, FlagSnapshot, JsonValue } from '@flagstone/core'
import { failureOf, type OfrepFailure } from './ofrep-errors.ts'

/** OFREP's `evaluationSuccess`. Without a value the provider takes the default of the code that asks. */
export interface OfrepSuccess {
  readonly key: string
  readonly value?: JsonValue
  readonly reason: 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'UNKNOWN'
  readonly variant?: string
  readonly metadata: Readonly<Record<string, string | number | boolean>>
}

/**
 * One flag's evaluation in OFREP's words. A boolean flag has its gate for a value, for who is out too, so that a kill switch turns off
 * whatever the code's default is. Any other flag has its variant's value for who is in and none for who is out.
 */
export function ofrepAnswer(evaluation: Evaluation, snapshot: FlagSnapshot): OfrepSuccess | OfrepFailure {
  const { name, errorCode, errorMessage = '', variant } = evaluation
  if (errorCode !== undefined) return failureOf(name, errorCode, errorMessage)
  const value = given(evaluation, snapshot)
  return {
    key: name,
    ...(value === undefined ? {} : { value }),
    ...reasonOf(evaluation),
    ...(variant === undefined ? {} : { variant }),
  }
}

function given({ name, enabled, variant, value }: Evaluation, snapshot: FlagSnapshot): JsonValue | undefined {
  if (enabled && variant !== undefined) return value
  return snapshot.isBoolean(name) ? enabled : undefined
}

/** OFREP knows neither `DEFAULT` nor `STALE`; there the metadata has the reason. */
function reasonOf({ reason, version, source }: Evaluation): Pick<OfrepSuccess, 'reason' | 'metadata'> {
  const metadata = { ...(version === undefined ? {} : { version }), source }
  if (reason === 'DEFAULT' || reason === 'STALE' || reason === 'ERROR') return { reason: 'UNKNOWN', metadata: { ...metadata, reason } }
  return { reason, metadata }
}
