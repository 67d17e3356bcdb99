import type { Verdict } from '../evaluation-view.ts'
import { oneOf } from './equality.ts'
import { type AttributeTest, anyOf, folded, itemsOf, MAX_TEXT, type OperatorKind, type Scalar } from './operator.ts'

type Comparison = (text: string, part: string) => boolean

function someOf(parts: readonly string[], ignoreCase: boolean, compare: Comparison): (attribute: unknown) => Verdict {
  const wanted = parts.map((part) => folded(part, ignoreCase))
  return (attribute) => {
    if (typeof attribute !== 'string' || attribute.length > MAX_TEXT) return undefined
    const text = folded(attribute, ignoreCase)
    for (const part of wanted) if (compare(text, part)) return true
    return false
  }
}

function partOf(compare: Comparison): OperatorKind {
  return { compile: (value, ignoreCase) => someOf(itemsOf<string>(value), ignoreCase, compare) }
}

export const startsWith: OperatorKind = partOf((text, part) => text.startsWith(part))
export const endsWith: OperatorKind = partOf((text, part) => text.endsWith(part))

/** A piece of a text, or an element of a list. */
export const contains: OperatorKind = {
  takesLists: true,
  compile(value, ignoreCase): AttributeTest {
    const items = itemsOf<Scalar>(value)
    const parts = items.filter((item) => typeof item === 'string')
    const inText = someOf(parts, ignoreCase, (text, part) => text.includes(part))
    const isItem = oneOf(items, ignoreCase)
    return (attribute, target, view) => {
      if (Array.isArray(attribute)) return anyOf(attribute, isItem, target, view)
      return parts.length === 0 ? undefined : inText(attribute)
    }
  },
}
