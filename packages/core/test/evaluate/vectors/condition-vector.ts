import type { Condition } from '../../../src/contracts/index.ts'

/** One condition, one context, and whether it is met. */
export interface ConditionVector {
  readonly group: string
  readonly condition: Condition
  readonly context: unknown
  readonly met: boolean
}

/** An operator's verdict on an attribute. Where it is `unknown`, neither the condition nor its negation is met. */
type ExpectedVerdict = 'yes' | 'no' | 'unknown'

/** Stands for a missing attribute. */
export const MISSING = Symbol('missing')

/** A condition on the attribute `x`, and by hand its operator's verdict on each of these values. Each row gives two vectors: plain and negated. */
export function verdictsOf(
  group: string,
  condition: Omit<Condition, 'attribute' | 'not'>,
  rows: readonly (readonly [unknown, ExpectedVerdict])[],
): ConditionVector[] {
  return rows.flatMap(([x, verdict]) => {
    const context = { targetingKey: 'user-1', ...(x === MISSING ? {} : { x }) }
    const plain: Condition = { attribute: 'x', ...condition }
    return [
      { group, condition: plain, context, met: verdict === 'yes' },
      { group, condition: { ...plain, not: true }, context, met: verdict === 'no' },
    ]
  })
}

/** A condition on any attribute of any context. */
export function met(group: string, condition: Condition, context: unknown, isMet: boolean): ConditionVector {
  return { group, condition, context, met: isMet }
}

/** A text too long to be written out. */
export function repeated(text: string, times: number): unknown {
  return { $repeat: [text, times] }
}
