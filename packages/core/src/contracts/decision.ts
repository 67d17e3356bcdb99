import type { FlagsErrorCode } from '../errors/flags-error.ts'
import type { JsonValue } from './json-value.ts'

/** Why a decision came out as it did; OpenFeature's words. */
export type Reason = 'STATIC' | 'DISABLED' | 'SPLIT' | 'TARGETING_MATCH' | 'DEFAULT' | 'STALE' | 'ERROR'

/** Which layer answered. */
export type Source = 'memory' | 'decision' | 'cache' | 'store' | 'default'

/** The outcome for one flag and one targeting key: what the evaluator answers and `flag_endpoint` keeps. */
export interface Decision {
  readonly name: string
  readonly enabled: boolean
  readonly reason: Reason
  /** Of the change that wrote the flag; absent where the flag does not exist. */
  readonly version?: number
  /** Of the targeting key, or of the attribute hashed in its place: percent, 0 to 99.999 in steps of 0.001. Absent where nothing was hashed. */
  readonly bucket?: number
  /** The rollout that decided, 0 to 100: the rule's, the ramp's at that moment, else the flag's. */
  readonly rollout?: number
  /** Given to those who are in, where the flag has variants. Absent where it cannot be determined; then `errorCode` says why. */
  readonly variant?: string
  /** The variant's value. */
  readonly value?: JsonValue
  /** The rule that decided: its position, from 0, and its name. */
  readonly rule?: { readonly index: number; readonly name?: string }
  /** The first required flag that was not on, or not with the variant that is required. */
  readonly unmet?: string
  readonly targetingKey?: string
  readonly errorCode?: FlagsErrorCode
  readonly errorMessage?: string
}

/** The full answer of `evaluate`. */
export interface Evaluation extends Decision {
  readonly source: Source
  /** The store's clock in the statement that loaded the flag; absent for a default. */
  readonly asOf?: number
}
