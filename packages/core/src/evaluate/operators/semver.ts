import { isSemver } from '../../validate/semver.ts'
import type { OperatorKind } from './operator.ts'

function versioned(holds: (order: number) => boolean): OperatorKind {
  return {
    compile(value, _, { semver }) {
      if (semver === undefined) return { refused: 'the library for versions is not loaded' }
      const order = semver.orderTo(value as string)
      return (attribute) => (isSemver(attribute) ? holds(order(attribute)) : undefined)
    },
  }
}

export const semverEquals: OperatorKind = versioned((order) => order === 0)
export const semverGreaterThan: OperatorKind = versioned((order) => order > 0)
export const semverLessThan: OperatorKind = versioned((order) => order < 0)
