import type { Engines } from '../../validate/engines.ts'
import type { EvaluationView } from '../evaluation-view.ts'
import type { Target } from '../target.ts'

/** Whether an attribute is as the condition says; `undefined` where it is not of a type that the operator takes. */
export type Verdict = boolean | undefined

/** Compares one attribute. May throw what a getter of the caller's throws. */
export type AttributeTest = (attribute: unknown, target: Target, view: EvaluationView) => Verdict

/** What an operator makes of a condition's value. */
export interface OperatorKind {
  /** Whether `ignoreCase` has a meaning. */
  readonly takesIgnoreCase: boolean
  /** Whether it is asked about an attribute that is missing. Default `false`: nobody knows. */
  readonly takesMissing?: boolean
  /** Whether it is asked about a list as a whole. Default `false`: it is asked about each element, and one is enough. */
  readonly takesLists?: boolean
  /** What was expected, where this is no value of the operator. */
  problem(value: unknown): string | undefined
  /** The test for a legal value, or why an engine refuses it. */
  compile(value: unknown, ignoreCase: boolean, engines: Engines): AttributeTest | { readonly refused: string }
}

/** A longer attribute is of no type that an operator takes, so that no attribute makes an answer slow. UTF-16 units. */
export const MAX_TEXT = 10_000
/** Likewise of a list's elements. */
export const MAX_ELEMENTS = 10_000
/** Of the items of a condition's value. */
const MAX_ITEMS = 1_000

export type Scalar = string | number | boolean

export function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' ? value.length <= MAX_TEXT : typeof value === 'boolean' || Number.isFinite(value)
}

/** The items of a value that is one of them or a list of them; `undefined` of anything else. */
export function itemsOf<T>(value: unknown, isItem: (item: unknown) => item is T): readonly T[] | undefined {
  if (!Array.isArray(value)) return isItem(value) ? [value] : undefined
  return value.length > 0 && value.length <= MAX_ITEMS && value.every(isItem) ? value : undefined
}

/** The verdict on a list, where one element is enough. */
export function anyOf(list: readonly unknown[], test: AttributeTest, target: Target, view: EvaluationView): Verdict {
  if (list.length > MAX_ELEMENTS) return undefined
  for (let index = 0; index < list.length; index++) if (test(list[index], target, view) === true) return true
  return false
}

/** Lower case as Unicode has it, the same in every locale. */
export function folded(text: string, ignoreCase: boolean): string {
  return ignoreCase ? text.toLowerCase() : text
}
