import type { Condition } from '../../../src/adapter.ts'

/** Met where all conditions of one of them are. Flagstone has no "or" within a rule: each of them becomes a rule, or a segment of a list. */
export type Alternatives = readonly (readonly Condition[])[]

export const EVERYBODY: Alternatives = [[]]
export const NOBODY: Alternatives = []

/** Met where all of these are. */
export function allOf(parts: readonly Alternatives[]): Alternatives {
  return parts.reduce((met, part) => met.flatMap((one) => part.map((other) => [...one, ...other])), EVERYBODY)
}

/** Met where one of these conditions is not. To Unleash this includes a missing attribute; to Flagstone only where a condition says so. */
export function notAllOf(attribute: string, conditions: readonly Condition[]): Alternatives {
  const negated = conditions.map((condition) => [{ ...condition, not: condition.not !== true }])
  return [...negated, [{ attribute, operator: 'exists', not: true }]]
}
