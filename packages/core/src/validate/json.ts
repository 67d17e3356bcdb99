import { isCleanText } from './schema-fields.ts'

/** Levels of a value within a record. */
const MAX_DEPTH = 20
/** Levels; no record has as many. */
const TOO_DEEP = 100

/**
 * How many characters of JSON a value has. Counting stops above `max`, so that no value takes long, not even one that contains itself. What
 * JSON cannot hold counts as 0.
 */
export function jsonLength(value: unknown, max: number): number {
  let length = 0
  const add = (part: unknown, depth: number): void => {
    if (length > max || depth > TOO_DEEP) {
      length = Math.max(length, max + 1)
    } else if (Array.isArray(part)) {
      length += Math.max(part.length, 1) + 1
      for (const item of part) if (length <= max) add(item, depth + 1)
    } else if (part !== null && typeof part === 'object') {
      const entries = Object.entries(part)
      length += Math.max(entries.length, 1) + 1
      for (const [key, item] of entries) {
        if (length > max) return
        length += JSON.stringify(key).length + 1
        add(item, depth + 1)
      }
    } else {
      length += typeof part === 'bigint' ? 0 : (JSON.stringify(part)?.length ?? 0)
    }
  }
  add(value, 0)
  return length
}

/** What was expected, where this is not JSON, has more than 20 levels, or holds text that PostgreSQL cannot store. */
export function jsonProblem(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return isCleanText(value) ? undefined : 'well-formed Unicode without NUL'
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return undefined
  if (typeof value !== 'object') return 'a JSON value'
  if (depth >= MAX_DEPTH) return `at most ${MAX_DEPTH} levels`
  if (Array.isArray(value)) return firstProblem(value, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return 'a JSON value'
  return firstProblem(Object.keys(value), depth) ?? firstProblem(Object.values(value), depth)
}

function firstProblem(values: readonly unknown[], depth: number): string | undefined {
  // An index loop: a hole is not JSON, and `map` or `some` would skip it.
  for (let index = 0; index < values.length; index++) {
    const problem = jsonProblem(values[index], depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}
