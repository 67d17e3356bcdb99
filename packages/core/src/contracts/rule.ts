import type { JsonValue } from './json-value.ts'

/** How a condition compares an attribute with its value. */
export type Operator =
  | 'equals'
  | 'in'
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | 'matches'
  | 'greaterThan'
  | 'greaterOrEqual'
  | 'lessThan'
  | 'lessOrEqual'
  | 'before'
  | 'after'
  | 'semverEquals'
  | 'semverGreaterThan'
  | 'semverLessThan'
  | 'exists'
  | 'inCidr'
  | 'inSegment'

/**
 * One thing that must be true of an evaluation context. Where the attribute is missing, or of a type that the operator does not take, neither
 * the condition nor its negation is met (except `exists`, whose negation is met exactly where the attribute is missing). Of a list, one
 * element that satisfies it is enough; `contains` looks for an element.
 */
export interface Condition {
  /** `targetingKey`, or the path of an attribute, with dots into objects: `company.plan`. 1 to 200 characters. */
  readonly attribute: string
  readonly operator: Operator
  /**
   * What the attribute is compared with: see docs/evaluation.md. A string, number or boolean for `equals`; a list of 1 to 1,000 of these for
   * `in`; one or a list for `contains`, `startsWith`, `endsWith`, `inCidr` and `inSegment`; a pattern (RE2 syntax) for `matches`; a number, a
   * timestamp (ISO 8601 with a time zone) or a version (SemVer 2.0) for comparisons; none for `exists`.
   */
  readonly value?: JsonValue
  /** Inverts the verdict. Default `false`. */
  readonly not?: boolean
  /** Whether upper and lower case count as equal; for `equals`, `in`, `contains`, `startsWith`, `endsWith` and `matches`. Default `false`. */
  readonly ignoreCase?: boolean
}

/** Decides for those who meet all of its conditions. */
export interface Rule {
  /** For people, and for `explain`; 1 to 200 characters. */
  readonly name?: string
  /** All must be met; at most 100. None: everybody meets it. */
  readonly when: readonly Condition[]
  /** Percent of those who meet it. Default 100. */
  readonly rollout?: number
  /** The variant that those who are in get. Default: drawn by weight. */
  readonly variant?: string
}

/** A value for those who are in. */
export interface Variant {
  /** 1 to 100 characters. */
  readonly name: string
  /** At most 100,000 characters of JSON. */
  readonly value: JsonValue
  /** Its share, a number from 0 to 1,000,000 with at most three decimals, beside the weights of the others. */
  readonly weight: number
}

/** Another flag that must be on for the same context, and, where `variant` is given, give that variant. */
export interface Prerequisite {
  readonly flag: string
  readonly variant?: string
}

/** The rollout as a straight line between two moments; constant before the first and after the second. */
export interface Ramp {
  readonly from: RampPoint
  readonly to: RampPoint
}

export interface RampPoint {
  /** ISO 8601 in UTC. */
  readonly at: string
  /** 0 to 100, at most three decimals. */
  readonly rollout: number
}
