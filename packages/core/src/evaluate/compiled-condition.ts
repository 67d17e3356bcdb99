import type { Condition, Operator } from '../contracts/index.ts'
import type { OperatorLibraries } from '../validate/operator-libraries.ts'
import { OPERATOR_VALUES } from '../validate/operator-values.ts'
import type { ConditionPlace } from '../validate/rule-schemas.ts'
import type { AttributeReader, AttributeSlots } from './attribute-reader.ts'
import type { Verdict } from './evaluation-view.ts'
import { inCidr } from './operators/cidr.ts'
import { equals, isIn } from './operators/equality.ts'
import { exists } from './operators/exists.ts'
import { greaterOrEqual, greaterThan, lessOrEqual, lessThan } from './operators/number.ts'
import { type AttributeTest, anyOf, type OperatorKind } from './operators/operator.ts'
import { matches } from './operators/pattern.ts'
import { inSegment } from './operators/segment.ts'
import { semverEquals, semverGreaterThan, semverLessThan } from './operators/semver.ts'
import { contains, endsWith, startsWith } from './operators/text.ts'
import { after, before } from './operators/timestamp.ts'
import type { ConditionFinding } from './trace-recorder.ts'

/** Every operator, by name. */
const OPERATORS: Readonly<Record<Operator, OperatorKind>> = {
  equals,
  in: isIn,
  contains,
  startsWith,
  endsWith,
  matches,
  greaterThan,
  greaterOrEqual,
  lessThan,
  lessOrEqual,
  before,
  after,
  semverEquals,
  semverGreaterThan,
  semverLessThan,
  exists,
  inCidr,
  inSegment,
}

/** A condition, ready to be evaluated. */
export interface CompiledCondition {
  readonly source: Condition
  /** The index of its attribute's value in the `AttributeReader`. */
  readonly slot: number
  readonly test: AttributeTest
  readonly not: boolean
  readonly takesMissing: boolean
  readonly takesLists: boolean
  /** The only texts that meet it, where they are few: then a text is compared with these instead of `test`. */
  readonly texts: readonly string[] | undefined
  /** Why it can never be met. */
  readonly refused: string | undefined
}

/** Up to this many texts, comparing with each is faster. */
const FEW = 8

/** Where the operator or a library refuses the value, the condition is never met. */
export function compileCondition(
  source: Condition,
  libraries: OperatorLibraries,
  place: ConditionPlace,
  slots: AttributeSlots,
): CompiledCondition {
  const { attribute, operator, value, not = false, ignoreCase = false } = source
  const kind = kindOf(operator)
  const test = testOf(operator, value, ignoreCase, libraries, place)
  const isTest = typeof test === 'function'
  return {
    source,
    slot: slots.slotOf(attribute),
    test: isTest ? test : unknownVerdict,
    not,
    takesMissing: kind?.takesMissing === true,
    takesLists: kind?.takesLists === true,
    texts: isTest && !not && !ignoreCase ? fewTexts(operator, value) : undefined,
    refused: isTest ? undefined : test.refused,
  }
}

/** Which of these conditions can never be met, and why; `at` is the path of their list. */
export function refusalsIn(conditions: readonly CompiledCondition[], at: string): readonly string[] {
  return conditions.flatMap(({ refused }, index) => (refused === undefined ? [] : [`${at}.${index}: ${refused}`]))
}

function fewTexts(operator: Operator, value: unknown): readonly string[] | undefined {
  const texts = operator === 'equals' ? [value] : operator === 'in' ? (value as readonly unknown[]) : []
  return texts.length > 0 && texts.length <= FEW && texts.every((text) => typeof text === 'string') ? texts : undefined
}

function kindOf(operator: Operator): OperatorKind | undefined {
  return Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
}

function testOf(
  operator: Operator,
  value: unknown,
  ignoreCase: boolean,
  libraries: OperatorLibraries,
  place: ConditionPlace,
): AttributeTest | { readonly refused: string } {
  const kind = kindOf(operator)
  if (kind === undefined) return { refused: 'this build does not know the operator' }
  if (kind === inSegment && place === 'segment') return { refused: 'a segment does not refer to segments' }
  const problem = OPERATOR_VALUES[operator].problem(value)
  return problem === undefined ? kind.compile(value, ignoreCase, libraries) : { refused: `its value should be ${problem}` }
}

function unknownVerdict(): undefined {
  return undefined
}

/** The operator's verdict, before `not`. Never throws: an attribute that cannot be read counts as missing. */
function verdictOf(condition: CompiledCondition, reader: AttributeReader): Verdict {
  const { test, takesMissing } = condition
  const { target, view } = reader
  const attribute = reader.at(condition.slot)
  if (attribute === null && !takesMissing) return undefined
  try {
    if (typeof attribute !== 'object' || attribute === null) return test(attribute ?? undefined, target, view)
    if (!condition.takesLists && Array.isArray(attribute)) return anyOf(attribute, test, target, view)
    return test(attribute, target, view)
  } catch {
    // A proxy of the caller's or a library threw.
    return takesMissing ? test(undefined, target, view) : undefined
  }
}

/** Whether the condition is met. Where the verdict is unknown it is not, with `not` or without. */
export function isMet(condition: CompiledCondition, reader: AttributeReader): boolean {
  const { texts } = condition
  if (texts !== undefined) {
    const attribute = reader.at(condition.slot)
    if (typeof attribute === 'string') {
      for (let index = 0; index < texts.length; index++) if (texts[index] === attribute) return true
      return false
    }
  }
  const verdict = verdictOf(condition, reader)
  return verdict !== undefined && verdict !== condition.not
}

/** The outcome of the condition, for a trace. */
export function findingOf(condition: CompiledCondition, reader: AttributeReader, met: boolean): ConditionFinding {
  const { source, slot, refused } = condition
  return { source, attribute: reader.at(slot), verdict: verdictOf(condition, reader), met, refused }
}
