import type { OperatorKind } from './operator.ts'

const NUMBER = '(?:0|[1-9]\\d{0,14})'
const PRERELEASE = '(?:0|[1-9]\\d{0,14}|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const BUILD = '[0-9a-zA-Z-]+'
const SEMVER = new RegExp(`^v?${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRERELEASE}(?:\\.${PRERELEASE})*)?(?:\\+${BUILD}(?:\\.${BUILD})*)?$`)
const MAX_VERSION = 256

/** SemVer 2.0 of at most 256 characters with numbers of at most 15 digits; a `v` before it does not count. */
function isVersion(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_VERSION && SEMVER.test(value)
}

function versioned(holds: (order: number) => boolean): OperatorKind {
  return {
    takesIgnoreCase: false,
    problem: (value) => (isVersion(value) ? undefined : 'a version as SemVer 2.0 has it, such as 1.2.3 or 2.0.0-beta.1'),
    compile(value, _, { semver }) {
      if (semver === undefined) return { refused: 'the engine for versions is not loaded' }
      const order = semver.orderTo(value as string)
      return (attribute) => (isVersion(attribute) ? holds(order(attribute)) : undefined)
    },
  }
}

export const semverEquals: OperatorKind = versioned((order) => order === 0)
export const semverGreaterThan: OperatorKind = versioned((order) => order > 0)
export const semverLessThan: OperatorKind = versioned((order) => order < 0)
