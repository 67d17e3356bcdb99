import { timestampMs, timestampMsOfAttribute } from '../../validate/timestamp.ts'
import type { OperatorKind } from './operator.ts'

function temporal(compare: (attribute: number, value: number) => boolean): OperatorKind {
  return {
    compile(value) {
      const limit = timestampMs(value as string) ?? Number.NaN
      return (attribute) => {
        const ms = timestampMsOfAttribute(attribute)
        return ms === undefined ? undefined : compare(ms, limit)
      }
    },
  }
}

export const before: OperatorKind = temporal((attribute, value) => attribute < value)
export const after: OperatorKind = temporal((attribute, value) => attribute > value)
