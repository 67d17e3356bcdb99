import type { FlagsErrorCode } from '../errors.ts'

/** Why a decision came out as it did; OpenFeature's words. */
export type Reason = 'STATIC' | 'DISABLED' | 'SPLIT' | 'TARGETING_MATCH' | 'DEFAULT' | 'STALE' | 'ERROR'

/** Which layer answered. */
export type Source = 'memory' | 'decision' | 'cache' | 'store' | 'default'

/** The outcome for one flag and one targeting key: what the evaluator says and what `flag_endpoint` keeps. */
export interface Decision {
  readonly name: string
  readonly enabled: boolean
  readonly reason: Reason
  /** Of the change that wrote the flag; absent where there is no flag. */
  readonly version?: number
  /** Where the targeting key falls, in percent: 0 to 99.999, in steps of 0.001. Absent where nothing was hashed. */
  readonly bucket?: number
  /** The flag's rollout, 0 to 100. */
  readonly rollout?: number
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
