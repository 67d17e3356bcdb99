import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Decision, type FlagRecord, FlagsError, parseRecord } from '../../src/adapter.ts'
import type { Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { trace } from '../../src/evaluate/trace.ts'
import { loadOperatorLibraries } from '../../src/layers/load-operator-libraries.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import type { OperatorLibraries } from '../../src/validate/operator-libraries.ts'
import type { ConditionVector } from './vectors/condition-vector.ts'
import { dependencyEvaluations } from './vectors/dependency-evaluations.ts'
import type { EvaluationVector, Expected } from './vectors/evaluation-vector.ts'
import { numberConditions } from './vectors/number-conditions.ts'
import { pathConditions } from './vectors/path-conditions.ts'
import { rolloutEvaluations } from './vectors/rollout-evaluations.ts'
import { specText } from './vectors/spec-text.ts'
import { textConditions } from './vectors/text-conditions.ts'
import { recordOf, target, viewOf } from './views.ts'

const FILE = new URL('../../../../spec/evaluation.json', import.meta.url)
const tables = specText([...textConditions, ...numberConditions, ...pathConditions], [...rolloutEvaluations, ...dependencyEvaluations])
// The tables are written by hand; after a change to them, `WRITE_SPEC=1 npx vitest run --project core evaluation-spec`.
if (process.env['WRITE_SPEC'] === '1') writeFileSync(FILE, tables)

const text = readFileSync(FILE, 'utf8')
const spec = JSON.parse(text, (_, value) => repeated(value)) as {
  readonly conditions: readonly ConditionVector[]
  readonly evaluations: readonly EvaluationVector[]
}

function repeated(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || !('$repeat' in value)) return value
  const [part, times] = value.$repeat as [string, number]
  return part.repeat(times)
}

let hash: Hash
let libraries: OperatorLibraries
beforeAll(async () => {
  hash = await loadHash()
  libraries = await loadOperatorLibraries(new Set(['regExp', 'semver']))
})

/** A record as it comes back from a store. */
function stored(record: FlagRecord): FlagRecord {
  const parsed = parseRecord(record.name, record)
  if (parsed instanceof FlagsError) throw parsed
  return parsed
}

/** The fields of a decision that the spec compares. */
function comparable({
  enabled,
  reason,
  bucket,
  rollout,
  variant,
  value,
  rule,
  unmet,
  errorCode,
}: Decision): Expected & { readonly rollout: number } {
  const all = { enabled, reason, bucket, rollout, variant, value, rule: rule?.index, unmet, errorCode }
  return Object.fromEntries(Object.entries(all).filter(([, field]) => field !== undefined)) as unknown as Expected & {
    readonly rollout: number
  }
}

describe('spec/evaluation.json', () => {
  test('is generated from the tables', () => {
    expect(text).toBe(tables)
  })

  test('has at least 400 cases', () => {
    expect(spec.conditions.length + spec.evaluations.length).toBeGreaterThanOrEqual(400)
  })

  test('covers every operator and every reason', () => {
    expect(new Set(spec.conditions.map(({ condition }) => condition.operator)).size).toBe(17)
    const reasons = new Set(spec.evaluations.map(({ expect: { reason } }) => reason))
    expect([...reasons].sort()).toEqual(['DEFAULT', 'DISABLED', 'ERROR', 'SPLIT', 'STATIC', 'TARGETING_MATCH'])
  })

  test('agrees with the evaluator about which conditions are met', () => {
    for (const [index, { condition, context, met }] of spec.conditions.entries()) {
      const record = stored(recordOf({ name: 'x', rollout: 0, rules: [{ when: [condition] }] }))
      const { decision, rules } = trace(new CompiledFlag(record, hash, libraries), target(context), viewOf({}, hash))
      expect([decision.enabled, rules[0]?.met], `${index}: ${JSON.stringify({ condition, context })}`.slice(0, 400)).toEqual([met, met])
    }
  })

  test('agrees with the evaluator about each decision', () => {
    for (const vector of spec.evaluations) {
      const flag = new CompiledFlag(stored(recordOf(vector.flag)), hash, libraries)
      const now = Date.parse(vector.now ?? '2026-01-01T00:00:00Z')
      const view = viewOf({ flags: [vector.flag, ...(vector.flags ?? [])], segments: vector.segments ?? [], now }, hash, libraries)
      const who = target(vector.context)
      const decision = flag.evaluate(who, view)
      const { rollout, ...rest } = comparable(decision)
      const actual = vector.expect.rollout === undefined ? rest : { ...rest, rollout }
      expect(actual, JSON.stringify(vector)).toEqual(vector.expect)
      expect(trace(flag, who, view).decision).toEqual(decision)
      if (flag.plain && who.key !== undefined) expect(flag.admits(who.key)).toBe(decision.enabled)
    }
  })
})
