import * as v from 'valibot'
import type { ChangeMeta, Decision, FlagPatch, FlagRecord, HistoryPage, JsonValue, NewFlag } from '../contracts/index.ts'
import { ruleSchemas } from './rule-schemas.ts'
import { boolean, description, lenient, name, rollout, type Schema, schema, strict, text, timestamp, version } from './schema-fields.ts'

/** The highest record schema that this build evaluates correctly. */
export const READER_SCHEMA = 2

const salt = v.pipe(
  text(1, 200),
  v.check((value) => !value.includes(':'), 'no ":" in it'),
  v.metadata({ pattern: '^[^:]*$' }),
)
const owner = text(1, 200)
const tags = v.pipe(v.array(text(1, 100), 'a list of strings'), v.maxLength(50, 'at most 50 tags'))
const bucketBy = text(1, 200)
const written = ruleSchemas(strict)
const read = ruleSchemas(lenient)

export const newFlagSchema: Schema<NewFlag> = v.pipe(
  strict({
    name,
    description: v.exactOptional(description),
    owner: v.exactOptional(owner),
    tags: v.exactOptional(tags),
    expiresAt: v.exactOptional(timestamp),
    enabled: v.exactOptional(boolean),
    requires: v.exactOptional(written.requires),
    rules: v.exactOptional(written.rules),
    rollout: v.exactOptional(rollout),
    variants: v.exactOptional(written.variants),
    ramp: v.exactOptional(written.ramp),
    bucketBy: v.exactOptional(bucketBy),
    salt: v.exactOptional(salt),
  }),
  consistent(),
)

/** What must hold between fields is checked on the patched record. */
export const patchSchema: Schema<FlagPatch> = strict({
  description: v.exactOptional(v.nullable(description)),
  owner: v.exactOptional(v.nullable(owner)),
  tags: v.exactOptional(v.nullable(tags)),
  expiresAt: v.exactOptional(v.nullable(timestamp)),
  enabled: v.exactOptional(boolean),
  requires: v.exactOptional(v.nullable(written.requires)),
  rules: v.exactOptional(v.nullable(written.rules)),
  rollout: v.exactOptional(rollout),
  variants: v.exactOptional(v.nullable(written.variants)),
  ramp: v.exactOptional(v.nullable(written.ramp)),
  bucketBy: v.exactOptional(v.nullable(bucketBy)),
  salt: v.exactOptional(v.nullable(salt)),
})

export const recordSchema: Schema<FlagRecord> = v.pipe(
  lenient({
    name,
    schema,
    description: v.exactOptional(description),
    owner: v.exactOptional(owner),
    tags: v.exactOptional(tags),
    expiresAt: v.exactOptional(timestamp),
    enabled: boolean,
    requires: v.exactOptional(read.requires),
    rules: v.exactOptional(read.rules),
    rollout,
    variants: v.exactOptional(read.variants),
    ramp: v.exactOptional(read.ramp),
    bucketBy: v.exactOptional(bucketBy),
    salt: v.exactOptional(salt),
    hashVersion: v.literal(1, '1'),
    version,
    createdAt: timestamp,
    updatedAt: timestamp,
  }),
  consistent(),
)

export const decisionSchema: Schema<Decision> = lenient({
  name,
  enabled: boolean,
  reason: v.picklist(['STATIC', 'DISABLED', 'SPLIT', 'TARGETING_MATCH', 'DEFAULT'], 'a reason'),
  version,
  bucket: v.exactOptional(v.pipe(v.number('a number'), v.minValue(0, '0 or more'), v.maxValue(99.999, 'below 100'))),
  rollout: v.exactOptional(rollout),
  targetingKey: v.string('a string'),
  variant: v.exactOptional(text(1, 100)),
  value: v.exactOptional(v.custom<JsonValue>(() => true)),
  rule: v.exactOptional(lenient({ index: version, name: v.exactOptional(v.string('a string')) })),
  unmet: v.exactOptional(name),
})

export const metaSchema: Schema<ChangeMeta> = strict({
  actor: v.exactOptional(text(0, 200)),
  reason: v.exactOptional(text(0, 2_000)),
  expectedVersion: v.exactOptional(version),
})

export const pageLimit: Schema<number> = v.pipe(
  v.number('a whole number'),
  v.integer('a whole number'),
  v.minValue(1, '1 or more'),
  v.maxValue(1_000, '1,000 or less'),
)

export const pageSchema: Schema<HistoryPage> = strict({
  limit: v.exactOptional(pageLimit),
  before: v.exactOptional(version),
})

/** What must hold between the fields: a flag does not require itself, and the flag has each variant that a rule gives. */
function consistent<T extends NewFlag>(): v.RawCheckAction<T> {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const { value } = dataset
    const { requires = [], rules = [] } = value
    const selfAt = requires.findIndex(({ flag }) => flag === value.name)
    if (selfAt !== -1) addIssue({ message: 'another flag', input: value.name, path: pathTo(value, 'requires', selfAt, 'flag') })
    if (rules.length === 0) return
    const names = new Set((value.variants ?? []).map((variant) => variant.name))
    const unknownVariantAt = rules.findIndex(({ variant }) => variant !== undefined && !names.has(variant))
    if (unknownVariantAt === -1) return
    const message = names.size === 0 ? 'none: the flag has no variants' : `one of the variants ${[...names].slice(0, 10).join(', ')}`
    addIssue({ message, input: rules[unknownVariantAt]?.variant, path: pathTo(value, 'rules', unknownVariantAt, 'variant') })
  })
}

function pathTo(input: NewFlag, ...keys: readonly (string | number)[]): [v.IssuePathItem, ...v.IssuePathItem[]] {
  const items = keys.map((key): v.IssuePathItem => ({ type: 'unknown', origin: 'value', input, key, value: undefined }))
  return items as [v.IssuePathItem, ...v.IssuePathItem[]]
}
