import type { Condition } from '../../../src/contracts/index.ts'

/** One condition, one context, and whether it is met. */
export interface ConditionVector {
  readonly group: string
  readonly condition: Condition
  readonly context: unknown
  readonly met: boolean
}

/** What an operator says of an attribute: `unknown` is met neither way. */
type Said = 'yes' | 'no' | 'unknown'

/** Stands for an attribute that is not there. */
export const MISSING = Symbol('missing')

/** A condition on the attribute `x`, and by hand what its operator says of each of these values. Each gives two vectors: as it is, and turned round. */
export function said(
  group: string,
  condition: Omit<Condition, 'attribute' | 'not'>,
  rows: readonly (readonly [unknown, Said])[],
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
