import type { Condition, Operator } from '../../../src/adapter.ts'
import { OPERATOR_VALUES } from '../../../src/validate/operator-values.ts'
import { type Alternatives, allOf, EVERYBODY, NOBODY, notAllOf } from './condition-alternatives.ts'
import { asNumber } from './context.ts'
import type { Constraint } from './unleash-state.ts'

/** All conditions that a constraint consists of, on one attribute; `undefined` where no attribute could ever meet it. */
type Conditions = (constraint: Constraint) => readonly Condition[] | undefined

/** Met where all of the constraints hold. */
export function constrained(constraints: readonly Constraint[] = []): Alternatives {
  return allOf(constraints.map(alternativesOf))
}

function alternativesOf(constraint: Constraint): Alternatives {
  const { contextName, operator, inverted = false } = constraint
  const conditionsOf = KINDS[operator]
  // Passed on as it is: the evaluator must decide that it is never met, inverted or not.
  if (conditionsOf === undefined) return [[{ attribute: contextName, operator: operator as Operator }]]
  const conditions = conditionsOf(constraint)
  const isNegated = inverted !== (operator === 'NOT_IN')
  if (conditions === undefined) return isNegated ? EVERYBODY : NOBODY
  return isNegated ? notAllOf(conditions[0]?.attribute ?? contextName, conditions) : [conditions]
}

const KINDS: Readonly<Record<string, Conditions>> = {
  IN: oneOfTexts('in'),
  NOT_IN: oneOfTexts('in'),
  STR_CONTAINS: oneOfTexts('contains'),
  STR_STARTS_WITH: oneOfTexts('startsWith'),
  STR_ENDS_WITH: oneOfTexts('endsWith'),
  NUM_EQ: numeric('equals'),
  NUM_GT: numeric('greaterThan'),
  NUM_GTE: numeric('greaterOrEqual'),
  NUM_LT: numeric('lessThan'),
  NUM_LTE: numeric('lessOrEqual'),
  DATE_AFTER: single('after'),
  DATE_BEFORE: single('before'),
  SEMVER_EQ: versioned('semverEquals'),
  SEMVER_GT: versioned('semverGreaterThan'),
  SEMVER_GTE: versioned('semverLessThan', true),
  SEMVER_LT: versioned('semverLessThan'),
  SEMVER_LTE: versioned('semverGreaterThan', true),
  REGEX: single('matches'),
  IN_CIDR: inRanges,
}

/** No attribute is in an empty list, and Flagstone refuses one. */
function oneOfTexts(operator: Operator): Conditions {
  return ({ contextName: attribute, values = [], caseInsensitive = false }) => {
    const value = values.map((text) => text.trim()).filter((text) => text !== '')
    return value.length === 0 ? undefined : [{ attribute, operator, value, ...(caseInsensitive ? { ignoreCase: true } : {}) }]
  }
}

function numeric(operator: Operator): Conditions {
  return ({ contextName, value: text }) => {
    const value = Number(text)
    return Number.isFinite(value) ? [{ attribute: asNumber(contextName), operator, value }] : undefined
  }
}

function single(operator: Operator): Conditions {
  return ({ contextName: attribute, value = '', caseInsensitive = false }) => [
    { attribute, operator, value, ...(caseInsensitive ? { ignoreCase: true } : {}) },
  ]
}

/** Unleash does not accept a version that begins with `v`. */
function versioned(operator: Operator, not = false): Conditions {
  return ({ contextName: attribute, value = '' }) => [
    { attribute, operator, value, not },
    { attribute, operator: 'startsWith', value: 'v', not: true },
  ]
}

/** Unleash skips invalid ranges, Flagstone refuses a list with one. Flagstone's own rule tells which are valid. */
function inRanges({ contextName: attribute, values = [] }: Constraint): readonly Condition[] | undefined {
  const value = values.filter((text) => OPERATOR_VALUES.inCidr.problem(text) === undefined)
  return value.length === 0 ? undefined : [{ attribute, operator: 'inCidr', value }]
}
