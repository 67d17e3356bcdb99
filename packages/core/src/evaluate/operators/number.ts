import type { OperatorKind } from './operator.ts'

function numeric(compare: (attribute: number, value: number) => boolean): OperatorKind {
  return {
    compile: (value) => (attribute) =>
      typeof attribute === 'number' && Number.isFinite(attribute) ? compare(attribute, value as number) : undefined,
  }
}

export const greaterThan: OperatorKind = numeric((attribute, value) => attribute > value)
export const greaterOrEqual: OperatorKind = numeric((attribute, value) => attribute >= value)
export const lessThan: OperatorKind = numeric((attribute, value) => attribute < value)
export const lessOrEqual: OperatorKind = numeric((attribute, value) => attribute <= value)
