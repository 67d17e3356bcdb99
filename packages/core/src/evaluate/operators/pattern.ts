import { writtenOut } from '../../validate/pattern-size.ts'
import { type AttributeTest, anyOf, MAX_ELEMENTS, MAX_TEXT, type OperatorKind } from './operator.ts'

/** A pattern's size, written out, times the characters that are searched, is at most this: the time grows with both. */
const MAX_WORK = 100_000

/** How many characters are searched for a pattern; of a longer text the verdict is unknown. */
export function reachOf(pattern: string): number {
  return Math.min(MAX_TEXT, Math.floor(MAX_WORK / writtenOut(pattern)))
}

/** RE2 syntax, found anywhere in the text. For a list, the length of all texts together is limited as that of one text. */
export const matches: OperatorKind = {
  takesLists: true,
  compile(value, ignoreCase, { regExp }): AttributeTest | { readonly refused: string } {
    if (regExp === undefined) return { refused: 'the library for regular expressions is not loaded' }
    const found = regExp.compile(value as string, ignoreCase)
    if (typeof found !== 'function') return found
    const reach = reachOf(value as string)
    const isFound: AttributeTest = (attribute) =>
      typeof attribute === 'string' && attribute.length <= reach ? found(attribute) : undefined
    return (attribute, target, view) => {
      if (!Array.isArray(attribute)) return isFound(attribute, target, view)
      return lengthOf(attribute, reach) <= reach ? anyOf(attribute, isFound, target, view) : undefined
    }
  },
}

/** Of all texts in the list together. Counting stops above `max`. */
function lengthOf(list: readonly unknown[], max: number): number {
  let length = list.length > MAX_ELEMENTS ? max + 1 : 0
  for (let index = 0; index < list.length && length <= max; index++) {
    const element = list[index]
    if (typeof element === 'string') length += element.length
  }
  return length
}
