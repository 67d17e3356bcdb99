import type { FlagRecord } from '../contracts/index.ts'
import { segmentNamesIn } from '../validate/operator-values.ts'
import { segmentKey } from '../validate/segment-key.ts'

const NONE: readonly string[] = Object.freeze([])

/** What an evaluation of the flag looks up: required flags by name, segments by `segmentKey`. A disabled flag looks nothing up. */
export function dependenciesOf({ enabled, requires = [], rules = [] }: FlagRecord): readonly string[] {
  if (!enabled || (requires.length === 0 && rules.length === 0)) return NONE
  const segments = rules.flatMap(({ when }) =>
    when.flatMap(({ operator, value }) => (operator === 'inSegment' ? segmentNamesIn(value) : [])),
  )
  const found = new Set([...requires.map(({ flag }) => flag), ...segments.map(segmentKey)])
  return found.size === 0 ? NONE : Object.freeze([...found])
}
