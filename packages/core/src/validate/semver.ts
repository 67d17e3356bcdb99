const NUMBER = '(?:0|[1-9]\\d{0,14})'
const PRERELEASE = '(?:0|[1-9]\\d{0,14}|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const BUILD = '[0-9a-zA-Z-]+'
const SEMVER = new RegExp(`^v?${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRERELEASE}(?:\\.${PRERELEASE})*)?(?:\\+${BUILD}(?:\\.${BUILD})*)?$`)
const MAX_LENGTH = 256

/** SemVer 2.0 of at most 256 characters with numbers of at most 15 digits; a `v` before it does not count. */
export function isSemver(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_LENGTH && SEMVER.test(value)
}
