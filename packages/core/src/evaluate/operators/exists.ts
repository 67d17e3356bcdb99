import type { OperatorKind } from './operator.ts'

/** Whether the attribute is there at all: the only operator for which a missing attribute is an answer. */
export const exists: OperatorKind = {
  takesMissing: true,
  takesLists: true,
  compile: () => (attribute) => attribute !== undefined,
}
