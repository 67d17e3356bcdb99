import * as v from 'valibot'
import type { ChangeMeta, Decision, FlagPatch, FlagRecord, HistoryPage, NewFlag } from '../contracts/index.ts'
import { isRollout } from '../evaluate/bucket.ts'

/** The highest record schema that this build evaluates rightly. */
export const READER_SCHEMA = 1

/** Reads anything, gives a `T`. */
export type Schema<T> = v.GenericSchema<unknown, T>

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** Whether a flag can have this name. */
export function isFlagName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name)
}

// Not `isWellFormed()`: the compile target's library does not have it yet.
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

const isCleanText = (text: string): boolean => !text.includes('\0') && !LONE_SURROGATE.test(text)

const text = (min: number, max: number) =>
  v.pipe(
    v.string('a string'),
    v.minLength(min, `at least ${min} character${min === 1 ? '' : 's'}`),
    v.maxLength(max, `at most ${max.toLocaleString('en')} characters`),
    v.check(isCleanText, 'well-formed Unicode without NUL'),
  )

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/

const timestamp = v.pipe(
  v.string('an ISO 8601 timestamp'),
  v.check(
    (value) => TIMESTAMP.test(value) && !Number.isNaN(Date.parse(value)),
    'an ISO 8601 timestamp with a time zone, such as 2026-12-31T00:00:00Z',
  ),
  v.transform((value) => new Date(value).toISOString()),
)

const name = v.pipe(
  v.string('a string'),
  v.check((value) => isFlagName(value), 'a letter or digit, then at most 127 letters, digits, dots, underscores or hyphens'),
)

const rollout = v.pipe(v.number('a number from 0 to 100'), v.check(isRollout, 'a number from 0 to 100 with at most three decimals'))

const salt = v.pipe(
  text(1, 200),
  v.check((value) => !value.includes(':'), 'no ":" in it'),
)

const description = text(0, 2_000)
const owner = text(1, 200)
const tags = v.pipe(v.array(text(1, 100), 'a list of strings'), v.maxLength(50, 'at most 50 tags'))
const enabled = v.boolean('true or false')
const version = v.pipe(v.number('a whole number'), v.safeInteger('a whole number'), v.minValue(0, '0 or more'))

const strict = <E extends v.ObjectEntries>(entries: E) => v.strictObject(entries, `one of the fields ${Object.keys(entries).join(', ')}`)

export const newFlagSchema: Schema<NewFlag> = strict({
  name,
  description: v.exactOptional(description),
  owner: v.exactOptional(owner),
  tags: v.exactOptional(tags),
  expiresAt: v.exactOptional(timestamp),
  enabled: v.exactOptional(enabled),
  rollout: v.exactOptional(rollout),
  salt: v.exactOptional(salt),
})

export const patchSchema: Schema<FlagPatch> = strict({
  description: v.exactOptional(v.nullable(description)),
  owner: v.exactOptional(v.nullable(owner)),
  tags: v.exactOptional(v.nullable(tags)),
  expiresAt: v.exactOptional(v.nullable(timestamp)),
  enabled: v.exactOptional(enabled),
  rollout: v.exactOptional(rollout),
  salt: v.exactOptional(v.nullable(salt)),
})

// Readers let unknown fields pass (and drop them): a newer build may add one that changes no answer without raising `schema`.
export const recordSchema: Schema<FlagRecord> = v.object(
  {
    name,
    schema: v.pipe(v.number('a whole number'), v.integer('a whole number'), v.minValue(1, '1 or more')),
    description: v.exactOptional(description),
    owner: v.exactOptional(owner),
    tags: v.exactOptional(tags),
    expiresAt: v.exactOptional(timestamp),
    enabled,
    rollout,
    salt: v.exactOptional(salt),
    hashVersion: v.literal(1, '1'),
    version,
    createdAt: timestamp,
    updatedAt: timestamp,
  },
  'an object',
)

export const decisionSchema: Schema<Decision> = v.object(
  {
    name,
    enabled,
    reason: v.picklist(['STATIC', 'DISABLED', 'SPLIT', 'TARGETING_MATCH', 'DEFAULT'], 'a reason'),
    version,
    bucket: v.exactOptional(v.pipe(v.number('a number'), v.minValue(0, '0 or more'), v.maxValue(99.999, 'below 100'))),
    rollout: v.exactOptional(rollout),
    targetingKey: v.string('a string'),
  },
  'an object',
)

export const metaSchema: Schema<ChangeMeta> = strict({
  actor: v.exactOptional(text(0, 200)),
  reason: v.exactOptional(text(0, 2_000)),
  expectedVersion: v.exactOptional(version),
})

export const pageSchema: Schema<HistoryPage> = strict({
  limit: v.exactOptional(
    v.pipe(v.number('a whole number'), v.integer('a whole number'), v.minValue(1, '1 or more'), v.maxValue(1_000, '1,000 or less')),
  ),
  before: v.exactOptional(version),
})
