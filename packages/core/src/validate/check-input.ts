import * as v from 'valibot'
import { FlagsError, type FlagsErrorCode } from '../errors/flags-error.ts'
import { valueText } from '../errors/value-text.ts'
import { isFlagName } from './flag-name.ts'
import { jsonLength } from './json.ts'
import type { Schema } from './schema-fields.ts'

/** Characters of JSON in a whole record, which a store and a shared cache must carry. */
const MAX_RECORD = 1_000_000
/** How many problems a message names. */
const MAX_PROBLEMS = 10
/** Characters shown of what was received. */
const MAX_SHOWN = 200

/** Fields that can make a record large. */
const LARGE = ['rules', 'variants', 'requires', 'members', 'when']

/** The name. Throws an `INVALID_NAME` that says what a name looks like. */
export function checkName(name: unknown): string {
  if (isFlagName(name)) return name
  throw new FlagsError(
    'INVALID_NAME',
    `${valueText(name)} is not a name for a flag or a segment: a letter or digit, then at most 127 letters, digits, dots, underscores or hyphens.`,
  )
}

/** The name in `input`, unchecked. */
export function nameIn(input: unknown): unknown {
  try {
    return input !== null && typeof input === 'object' && 'name' in input ? input.name : undefined
  } catch {
    return undefined
  }
}

/** `input` as the schema reads it. Throws an error that says what is wrong where. */
export function check<T>(schema: Schema<T>, input: unknown, code: FlagsErrorCode, what: string, flag?: string): T {
  const read = readBy(schema, input)
  if ('output' in read) return read.output
  const { problem, cause } = read
  throw new FlagsError(code, `${what}: ${problem}.`, { ...(flag !== undefined && { flag }), ...(cause !== undefined && { cause }) })
}

function readBy<T>(schema: Schema<T>, input: unknown): { readonly output: T } | { readonly problem: string; readonly cause?: unknown } {
  try {
    const whole = problemOfWhole(input)
    if (whole !== undefined) return { problem: whole }
    const result = v.safeParse(schema, input)
    return result.success ? { output: result.output } : { problem: listed(result.issues.map(explain)) }
  } catch (cause) {
    // A getter or a proxy of the caller's threw.
    return { problem: 'it cannot be read', cause }
  }
}

/** What is wrong with the input as a whole. Checked first, so that input that is far too large is not checked field by field. */
function problemOfWhole(input: unknown): string | undefined {
  if (Array.isArray(input)) return 'expected an object, received a list'
  if (input === null || typeof input !== 'object' || !LARGE.some((field) => field in input)) return undefined
  return jsonLength(input, MAX_RECORD) > MAX_RECORD ? 'expected at most 1,000,000 characters of JSON' : undefined
}

function explain(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)
  const received = issue.received.length > MAX_SHOWN ? `${issue.received.slice(0, MAX_SHOWN)}…` : issue.received
  return `${path === null ? '' : `${path}: `}expected ${issue.message}, received ${received}`
}

function listed(problems: readonly string[]): string {
  const more = problems.length - MAX_PROBLEMS
  return [...problems.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}
