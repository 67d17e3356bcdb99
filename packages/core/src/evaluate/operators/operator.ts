import type { OperatorLibraries } from '../../validate/operator-libraries.ts'
import { MAX_TEXT, type Scalar } from '../../validate/operator-values.ts'
import type { EvaluationView, Verdict } from '../evaluation-view.ts'
import type { Target } from '../target.ts'

export { MAX_TEXT, type Scalar }

/** Compares one attribute. May throw what a getter of the caller's throws. */
export type AttributeTest = (attribute: unknown, target: Target, view: EvaluationView) => Verdict

/** How an operator compares. `validate/operator-values.ts` has the values that it takes. */
export interface OperatorKind {
  /** Whether its test is called for a missing attribute. Default `false`: then the verdict is unknown. */
  readonly takesMissing?: boolean
  /** Whether its test is called with a list as a whole. Default `false`: it is called with each element, and one is enough. */
  readonly takesLists?: boolean
  /** The test for a legal value, or why a library refuses it. */
  compile(value: unknown, ignoreCase: boolean, libraries: OperatorLibraries): AttributeTest | { readonly refused: string }
}

/** Elements of a list. Of a longer one the verdict is unknown, so that no attribute makes an answer slow. */
export const MAX_ELEMENTS = 10_000

/** The items of a legal value that is one item or a list of items. */
export function itemsOf<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? value : [value as T]
}

/** The verdict on a list, where one element is enough. */
export function anyOf(list: readonly unknown[], test: AttributeTest, target: Target, view: EvaluationView): Verdict {
  if (list.length > MAX_ELEMENTS) return undefined
  for (let index = 0; index < list.length; index++) if (test(list[index], target, view) === true) return true
  return false
}

/** Lower case by Unicode's rules, the same in every locale. */
export function folded(text: string, ignoreCase: boolean): string {
  return ignoreCase ? text.toLowerCase() : text
}
