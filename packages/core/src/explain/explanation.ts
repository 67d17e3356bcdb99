import type { Evaluation } from '../contracts/index.ts'
import type { Trace } from '../evaluate/trace.ts'

/** What one layer has of a flag. */
export interface LayerFinding {
  readonly layer: 'memory' | 'decision' | 'cache' | 'store'
  /** `answers`: what it has counts. `too old`: it is below what this process accepts. `no longer vouched for`: the lease ran out. */
  readonly state: 'answers' | 'nothing' | 'does not exist' | 'too old' | 'no longer vouched for' | 'not asked' | 'failed'
  /** The flag's version there. */
  readonly version?: number
  /** The store's clock when it was read. */
  readonly asOf?: number
  /** Why it failed, or was not asked. */
  readonly why?: string
}

/** Why an evaluation has its outcome. */
export interface Explanation {
  /** What `evaluate` returns. */
  readonly evaluation: Evaluation
  /** What each layer has, in the order in which layers are asked. */
  readonly layers: readonly LayerFinding[]
  /** The lowest "as of" that this process accepts for the flag. */
  readonly floor: number
  /** The store's clock as this process knows it. */
  readonly clock: number
  /** Every step of the evaluation; absent where there is no flag to evaluate. */
  readonly trace?: Trace
  /** All of it as text, for a person. */
  readonly text: string
}
