import type { OperatorKind } from './operator.ts'

/** Whether the attribute exists at all: the only operator with a known verdict on a missing attribute. */
export const exists: OperatorKind = {
  takesMissing: true,
  takesLists: true,
  compile: () => (attribute) => attribute !== undefined,
}
