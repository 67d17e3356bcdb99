import type { FlagsErrorCode, JsonValue, NewFlag, NewSegment, Reason } from '../../../src/adapter.ts'

/** One flag, what exists beside it, one context, and the decision. */
export interface EvaluationVector {
  readonly group: string
  readonly flag: NewFlag
  /** Other flags that exist. */
  readonly flags?: readonly NewFlag[]
  readonly segments?: readonly NewSegment[]
  readonly now?: string
  readonly context: unknown
  readonly expect: Expected
}

/** A field that is not given must be absent from the decision, except the rollout. */
export interface Expected {
  readonly enabled: boolean
  readonly reason: Reason
  readonly rollout?: number
  readonly bucket?: number
  readonly variant?: string
  readonly value?: JsonValue
  readonly rule?: number
  readonly unmet?: string
  readonly errorCode?: FlagsErrorCode
}

// The users of the vectors fall into the buckets that spec/bucketing.json gives for this name.
const NAME = 'new_feature'

/** A decision about the flag `new_feature`. */
export function decided(
  group: string,
  flag: Omit<NewFlag, 'name'>,
  context: unknown,
  expect: Expected,
  surroundings: Surroundings = {},
): EvaluationVector {
  return { group, flag: { name: NAME, ...flag }, ...surroundings, context, expect }
}

export interface Surroundings {
  readonly flags?: readonly NewFlag[]
  readonly segments?: readonly NewSegment[]
  readonly now?: string
}
