import * as v from 'valibot'
import type { Condition, JsonValue, Operator, Prerequisite, Ramp, Rule, Variant } from '../contracts/index.ts'
import { jsonLength, jsonProblem } from './json.ts'
import { OPERATOR_VALUES, segmentNamesIn } from './operator-values.ts'
import { boolean, list, name, rollout, type Schema, type Shape, text, timestamp } from './schema-fields.ts'
import { timestampMs } from './timestamp.ts'
import { isWeight } from './weight.ts'

const MAX_RULES = 1_000
const MAX_CONDITIONS = 100
const MAX_VARIANTS = 100
const MAX_PREREQUISITES = 50
/** Segments that the rules of one flag refer to: an evaluation loads at most this many. */
const MAX_SEGMENTS = 100
/** Patterns in the rules of one flag. Each takes a bounded time, so an evaluation does, too. */
const MAX_PATTERNS = 100
/** Characters of JSON in a variant's value. */
const MAX_VARIANT = 100_000

const NAMES = Object.keys(OPERATOR_VALUES) as Operator[]

/** What a condition belongs to: conditions of a segment do not refer to segments. */
export type ConditionPlace = 'rule' | 'segment'

/** Schemas of the fields that decide beside the rollout. */
export interface RuleSchemas {
  readonly requires: Schema<readonly Prerequisite[]>
  readonly rules: Schema<readonly Rule[]>
  readonly variants: Schema<readonly Variant[]>
  readonly ramp: Schema<Ramp>
}

export function ruleSchemas(shape: Shape): RuleSchemas {
  const variantName = text(1, 100)
  const rule: Schema<Rule> = shape({
    name: v.exactOptional(text(1, 200)),
    when: conditions(shape, 'rule'),
    rollout: v.exactOptional(rollout),
    variant: v.exactOptional(variantName),
  })
  const variant: Schema<Variant> = shape({ name: variantName, value: variantValue, weight })
  const point = shape({ at: timestamp, rollout })
  return {
    requires: list(shape({ flag: name, variant: v.exactOptional(variantName) }), MAX_PREREQUISITES, 'required flags'),
    rules: v.pipe(
      list(rule, MAX_RULES, 'rules'),
      v.check((rules) => countSegments(rules) <= MAX_SEGMENTS, `rules that refer to at most ${MAX_SEGMENTS} segments`),
      v.check((rules) => countPatterns(rules) <= MAX_PATTERNS, `rules with at most ${MAX_PATTERNS} conditions that match a pattern`),
    ),
    variants: v.pipe(
      list(variant, MAX_VARIANTS, 'variants'),
      v.check((variants) => new Set(variants.map((each) => each.name)).size === variants.length, 'variants whose names differ'),
    ),
    ramp: v.pipe(
      shape({ from: point, to: point }),
      v.check(({ from, to }) => (timestampMs(from.at) ?? 0) < (timestampMs(to.at) ?? 0), 'a ramp whose from.at is before its to.at'),
    ),
  }
}

export function conditions(shape: Shape, place: ConditionPlace): Schema<readonly Condition[]> {
  const condition = v.pipe(
    shape({
      attribute: text(1, 200),
      operator: v.picklist(NAMES, `one of the operators ${NAMES.join(', ')}`),
      value: v.exactOptional(v.custom<JsonValue>(() => true)),
      not: v.exactOptional(boolean),
      ignoreCase: v.exactOptional(boolean),
    }),
    v.rawCheck(({ dataset, addIssue }) => {
      const found = dataset.typed ? conditionProblem(dataset.value, place) : undefined
      if (!dataset.typed || found === undefined) return
      const { field, expected } = found
      const input = dataset.value[field]
      addIssue({ message: expected, input, path: [{ type: 'object', origin: 'value', input: dataset.value, key: field, value: input }] })
    }),
  )
  return list(condition, MAX_CONDITIONS, 'conditions')
}

interface ConditionProblem {
  readonly field: 'operator' | 'value' | 'ignoreCase'
  readonly expected: string
}

/** Why an evaluation would not understand the condition, or a store could not store it. */
function conditionProblem({ operator, value, ignoreCase }: Condition, place: ConditionPlace): ConditionProblem | undefined {
  if (operator === 'inSegment' && place === 'segment')
    return { field: 'operator', expected: 'another operator: segments do not refer to segments' }
  const kind = OPERATOR_VALUES[operator]
  if (ignoreCase !== undefined && !kind.takesIgnoreCase) return { field: 'ignoreCase', expected: `none for the operator ${operator}` }
  const expected = kind.problem(value) ?? (value === undefined ? undefined : jsonProblem(value))
  return expected === undefined ? undefined : { field: 'value', expected }
}

const variantValue = v.pipe(
  v.custom<JsonValue>((value) => value !== undefined, 'a JSON value'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const isLong = jsonLength(dataset.value, MAX_VARIANT) > MAX_VARIANT
    const expected = isLong ? 'at most 100,000 characters of JSON' : jsonProblem(dataset.value)
    if (expected !== undefined) addIssue({ message: expected })
  }),
)

const weight = v.pipe(
  v.number('a number from 0 to 1,000,000'),
  v.check(isWeight, 'a number from 0 to 1,000,000 with at most three decimals'),
  v.metadata({ minimum: 0, maximum: 1_000_000, description: 'A share, with at most three decimals.' }),
)

function countSegments(rules: readonly Rule[]): number {
  const named = rules.flatMap(({ when }) => when.flatMap(({ operator, value }) => (operator === 'inSegment' ? segmentNamesIn(value) : [])))
  return new Set(named).size
}

function countPatterns(rules: readonly Rule[]): number {
  return rules.reduce((sum, { when }) => sum + when.filter(({ operator }) => operator === 'matches').length, 0)
}
