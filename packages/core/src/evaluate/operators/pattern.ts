import { writtenOut } from '../pattern-size.ts'
import { MAX_TEXT, type OperatorKind } from './operator.ts'

/** Of a pattern with its counted repetitions written out: time grows with it. */
const MAX_PATTERN = 1_000

function isPattern(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_PATTERN && writtenOut(value) <= MAX_PATTERN
}

/** RE2 syntax, found anywhere in the text. */
export const matches: OperatorKind = {
  takesIgnoreCase: true,
  problem: (value) =>
    isPattern(value) ? undefined : 'a pattern of 1 to 1,000 characters, also with its counted repetitions such as {1,9} written out',
  compile(value, ignoreCase, { regExp }) {
    if (regExp === undefined) return { refused: 'the engine for regular expressions is not loaded' }
    const found = regExp.compile(value as string, ignoreCase)
    if (typeof found !== 'function') return found
    return (attribute) => (typeof attribute === 'string' && attribute.length <= MAX_TEXT ? found(attribute) : undefined)
  },
}
