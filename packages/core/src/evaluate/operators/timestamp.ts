import { momentOf, momentOfAttribute } from '../../validate/timestamp.ts'
import type { OperatorKind } from './operator.ts'

function temporal(compare: (attribute: number, value: number) => boolean): OperatorKind {
  return {
    takesIgnoreCase: false,
    problem: (value) =>
      typeof value === 'string' && momentOf(value) !== undefined
        ? undefined
        : 'an ISO 8601 timestamp with a time zone, such as 2026-12-31T00:00:00Z',
    compile(value) {
      const moment = momentOf(value as string) ?? Number.NaN
      return (attribute) => {
        const ms = momentOfAttribute(attribute)
        return ms === undefined ? undefined : compare(ms, moment)
      }
    },
  }
}

export const before: OperatorKind = temporal((attribute, value) => attribute < value)
export const after: OperatorKind = temporal((attribute, value) => attribute > value)
