import type { Decision, Prerequisite } from '../contracts/index.ts'
import type { Target } from './target.ts'
import type { TraceRecorder } from './trace-recorder.ts'

/** Whether an attribute satisfies an operator; `undefined`, unknown, where it is of a type that the operator does not take. */
export type Verdict = boolean | undefined

/** A flag that another one requires. */
export interface ViewedFlag {
  evaluate(target: Target, view: EvaluationView, within?: NestedEvaluation): Decision
}

/** A segment that a rule refers to. */
export interface ViewedSegment {
  has(attribute: unknown, target: Target, view: EvaluationView): Verdict
}

/** All that an evaluation may depend on beside the flag and the target. `null`: known to be absent; `undefined`: unknown. */
export interface EvaluationView {
  /** Milliseconds since 1970. */
  readonly now: number
  flag(name: string): ViewedFlag | null | undefined
  segment(name: string): ViewedSegment | null | undefined
}

/** What a nested evaluation belongs to. */
export interface NestedEvaluation {
  /** Of the flag that requires this one. */
  readonly chain?: PrerequisiteChain
  readonly recorder?: TraceRecorder
}

/** The required flags that one evaluation has evaluated so far. */
export interface PrerequisiteChain {
  /** The name of the first prerequisite that is not met. */
  firstUnmet(
    prerequisites: readonly Prerequisite[],
    target: Target,
    view: EvaluationView,
    recorder: TraceRecorder | undefined,
  ): string | undefined
}

/** For a flag without dependencies. */
export const EMPTY_VIEW: EvaluationView = { now: 0, flag: () => undefined, segment: () => undefined }
