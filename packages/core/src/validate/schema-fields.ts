import * as v from 'valibot'
import { isFlagName, NAME } from './flag-name.ts'
import { isRollout } from './rollout.ts'
import { isoTimestamp, timestampMs } from './timestamp.ts'

/** Reads anything, gives a `T`. */
export type Schema<T> = v.GenericSchema<unknown, T>

/** How an object with these fields is read. */
export type Shape = <const E extends v.ObjectEntries>(entries: E) => Schema<v.InferOutput<v.ObjectSchema<E, string>>>

/** For what is written: any other field is refused. */
export const strict: Shape = (entries) => v.strictObject(entries, `one of the fields ${Object.keys(entries).join(', ')}`)

/** For what is read: unknown fields are dropped. A newer build may add one that changes no answer without raising `schema`. */
export const lenient: Shape = (entries) => v.object(entries, 'an object')

// Not `isWellFormed()`: the compile target's library does not have it yet.
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Whether PostgreSQL can store the text. */
export function isCleanText(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text)
}

export const text = (min: number, max: number): Schema<string> =>
  v.pipe(
    v.string('a string'),
    v.minLength(min, `at least ${min} character${min === 1 ? '' : 's'}`),
    v.maxLength(max, `at most ${max.toLocaleString('en')} characters`),
    v.check(isCleanText, 'well-formed Unicode without NUL'),
  )

const UTC_LENGTH = '2026-12-31T00:00:00.000Z'.length

/** Reads a timestamp with any time zone, gives it in UTC. */
export const timestamp: Schema<string> = v.pipe(
  v.string('an ISO 8601 timestamp'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const moment = timestampMs(dataset.value)
    // A text of this length that ends in Z is in UTC already, as is nearly everything that is read.
    if (moment !== undefined)
      return dataset.value.length === UTC_LENGTH && dataset.value.endsWith('Z') ? dataset.value : isoTimestamp(moment)
    addIssue({ message: 'an ISO 8601 timestamp with a time zone, such as 2026-12-31T00:00:00Z' })
    return NEVER
  }),
  v.metadata({ format: 'date-time' }),
)

export const name: Schema<string> = v.pipe(
  v.string('a string'),
  v.check((value) => isFlagName(value), 'a letter or digit, then at most 127 letters, digits, dots, underscores or hyphens'),
  v.metadata({ pattern: NAME.source }),
)

export const rollout: Schema<number> = v.pipe(
  v.number('a number from 0 to 100'),
  v.check(isRollout, 'a number from 0 to 100 with at most three decimals'),
  v.metadata({ minimum: 0, maximum: 100, description: 'Percent, with at most three decimals.' }),
)

export const boolean: Schema<boolean> = v.boolean('true or false')
export const description: Schema<string> = text(0, 2_000)
export const version: Schema<number> = v.pipe(v.number('a whole number'), v.safeInteger('a whole number'), v.minValue(0, '0 or more'))
export const schema: Schema<number> = v.pipe(v.number('a whole number'), v.integer('a whole number'), v.minValue(1, '1 or more'))

/** A list whose length is checked before its items. */
export function list<T>(item: Schema<T>, max: number, what: string): Schema<readonly T[]> {
  return v.pipe(
    v.array(v.unknown(), `a list of ${what}`),
    v.maxLength(max, `at most ${max.toLocaleString('en')} ${what}`),
    v.array(item, `a list of ${what}`),
    v.metadata({ maxItems: max }),
  )
}
