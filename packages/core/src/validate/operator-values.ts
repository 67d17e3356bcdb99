import type { Operator } from '../contracts/index.ts'
import { isFlagName } from './flag-name.ts'
import { ipRangeOf } from './ip-range.ts'
import { writtenOut } from './pattern-size.ts'
import { isSemver } from './semver.ts'
import { timestampMs } from './timestamp.ts'

/** The longest text of a condition's value, in UTF-16 units; no operator takes a longer attribute. */
export const MAX_TEXT = 10_000
/** Items of a condition's value. */
const MAX_ITEMS = 1_000
/** Characters of a pattern, also with its counted repetitions written out: the time of a match grows with them. */
const MAX_PATTERN = 1_000

export type Scalar = string | number | boolean

/** Which values a condition of one operator may have. */
export interface OperatorValue {
  /** Whether `ignoreCase` has a meaning. */
  readonly takesIgnoreCase: boolean
  /** What was expected, where the operator does not take this value. */
  problem(value: unknown): string | undefined
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' ? value.length <= MAX_TEXT : typeof value === 'boolean' || Number.isFinite(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT
}

function isElement(value: unknown): value is Scalar {
  return value !== '' && isScalar(value)
}

function isIpRange(value: unknown): value is string {
  return typeof value === 'string' && ipRangeOf(value) !== undefined
}

function isPattern(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_PATTERN && writtenOut(value) <= MAX_PATTERN
}

function isTimestamp(value: unknown): value is string {
  return typeof value === 'string' && timestampMs(value) !== undefined
}

/** The items of a value that is one item or a list of items; `undefined` for anything else. */
function itemsOf<T>(value: unknown, isItem: (item: unknown) => item is T): readonly T[] | undefined {
  if (!Array.isArray(value)) return isItem(value) ? [value] : undefined
  return value.length > 0 && value.length <= MAX_ITEMS && value.every(isItem) ? value : undefined
}

/** Which segments a value of `inSegment` names. */
export function segmentNamesIn(value: unknown): readonly string[] {
  return itemsOf(value, isFlagName) ?? []
}

function valueThat(isLegal: (value: unknown) => boolean, expected: string, takesIgnoreCase = false): OperatorValue {
  return { takesIgnoreCase, problem: (value) => (isLegal(value) ? undefined : expected) }
}

const text = valueThat(
  (value) => itemsOf(value, isText) !== undefined,
  'a string of 1 to 10,000 characters, or a list of 1 to 1,000 of them',
  true,
)
const number = valueThat(Number.isFinite, 'a number')
const timestamp = valueThat(isTimestamp, 'an ISO 8601 timestamp with a time zone, such as 2026-12-31T00:00:00Z')
const semver = valueThat(isSemver, 'a version as SemVer 2.0 has it, such as 1.2.3 or 2.0.0-beta.1')

/** Which values each operator takes. A condition with another value is refused on write; where one is stored all the same, it is never met. */
export const OPERATOR_VALUES: Readonly<Record<Operator, OperatorValue>> = {
  equals: valueThat(isScalar, 'a string of at most 10,000 characters, a number, true or false', true),
  in: valueThat(
    (value) => Array.isArray(value) && itemsOf(value, isScalar) !== undefined,
    'a list of 1 to 1,000 strings (each at most 10,000 characters), numbers, true or false',
    true,
  ),
  contains: valueThat(
    (value) => itemsOf(value, isElement) !== undefined,
    'a string of 1 to 10,000 characters, a number, true or false, or a list of 1 to 1,000 of them',
    true,
  ),
  startsWith: text,
  endsWith: text,
  matches: valueThat(isPattern, 'a pattern of 1 to 1,000 characters, also with its counted repetitions such as {1,9} written out', true),
  greaterThan: number,
  greaterOrEqual: number,
  lessThan: number,
  lessOrEqual: number,
  before: timestamp,
  after: timestamp,
  semverEquals: semver,
  semverGreaterThan: semver,
  semverLessThan: semver,
  exists: valueThat((value) => value === undefined, 'no value'),
  inCidr: valueThat(
    (value) => itemsOf(value, isIpRange) !== undefined,
    'an IP range such as 10.0.0.0/8 or 2001:db8::/32, an IP address, or a list of 1 to 1,000 of them',
  ),
  inSegment: valueThat((value) => itemsOf(value, isFlagName) !== undefined, 'the name of a segment, or a list of 1 to 1,000 of them'),
}
