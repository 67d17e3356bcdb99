import { oneOf } from './equality.ts'
import { type AttributeTest, anyOf, folded, isScalar, itemsOf, MAX_TEXT, type OperatorKind, type Scalar, type Verdict } from './operator.ts'

type Comparison = (text: string, part: string) => boolean

const TEXTS = 'a string of 1 to 10,000 characters, or a list of 1 to 1,000 of them'

function isPart(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT
}

function someOf(parts: readonly string[], ignoreCase: boolean, compare: Comparison): (attribute: unknown) => Verdict {
  const wanted = parts.map((part) => folded(part, ignoreCase))
  return (attribute) => {
    if (typeof attribute !== 'string' || attribute.length > MAX_TEXT) return undefined
    const text = folded(attribute, ignoreCase)
    for (const part of wanted) if (compare(text, part)) return true
    return false
  }
}

function partly(compare: Comparison): OperatorKind {
  return {
    takesIgnoreCase: true,
    problem: (value) => (itemsOf(value, isPart) === undefined ? TEXTS : undefined),
    compile: (value, ignoreCase) => someOf(itemsOf(value, isPart) ?? [], ignoreCase, compare),
  }
}

export const startsWith: OperatorKind = partly((text, part) => text.startsWith(part))
export const endsWith: OperatorKind = partly((text, part) => text.endsWith(part))

function isElement(value: unknown): value is Scalar {
  return value !== '' && isScalar(value)
}

/** A piece of a text, or an element of a list. */
export const contains: OperatorKind = {
  takesIgnoreCase: true,
  takesLists: true,
  problem: (value) =>
    itemsOf(value, isElement) === undefined
      ? 'a string of 1 to 10,000 characters, a number, true or false, or a list of 1 to 1,000 of them'
      : undefined,
  compile(value, ignoreCase): AttributeTest {
    const items = itemsOf(value, isElement) ?? []
    const parts = items.filter((item) => typeof item === 'string')
    const inText = someOf(parts, ignoreCase, (text, part) => text.includes(part))
    const isItem = oneOf(items, ignoreCase)
    return (attribute, target, view) => {
      if (Array.isArray(attribute)) return anyOf(attribute, isItem, target, view)
      return parts.length === 0 ? undefined : inText(attribute)
    }
  },
}
