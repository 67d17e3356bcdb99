import type { Condition, Decision, Prerequisite } from '../contracts/index.ts'

/** The outcome of a prerequisite. */
export type PrerequisiteFinding =
  | { readonly met: boolean; readonly why: 'on' | 'off' | 'another variant'; readonly decision: Decision }
  | { readonly met: false; readonly why: 'no such flag' | 'not known' | 'a cycle' | 'too deep' }

/** The outcome of a condition. */
export interface ConditionFinding {
  readonly source: Condition
  /** `null` where it is missing. */
  readonly attribute: unknown
  /** The operator's verdict, before `not`; `undefined` where it is unknown. */
  readonly verdict: boolean | undefined
  readonly met: boolean
  /** Why the condition can never be met. */
  readonly refused: string | undefined
}

/** Called with each step of an evaluation, in this order. */
export interface TraceRecorder {
  prerequisite(prerequisite: Prerequisite, finding: PrerequisiteFinding): void
  /** A rule is about to be evaluated; its conditions follow. */
  rule(label: { readonly index: number; readonly name?: string }): void
  condition(finding: ConditionFinding): void
}
