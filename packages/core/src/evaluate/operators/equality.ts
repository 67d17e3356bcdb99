import { type AttributeTest, folded, MAX_TEXT, type OperatorKind, type Scalar } from './operator.ts'

/** Whether an attribute is one of these items; unknown where no item has its type. */
export function oneOf(items: readonly Scalar[], ignoreCase: boolean): AttributeTest {
  const wanted = new Set<unknown>(items.map((item) => (typeof item === 'string' ? folded(item, ignoreCase) : item)))
  const types = new Set<string>(items.map((item) => typeof item))
  return (attribute) => {
    if (!types.has(typeof attribute)) return undefined
    if (typeof attribute !== 'string') return wanted.has(attribute)
    return attribute.length <= MAX_TEXT ? wanted.has(folded(attribute, ignoreCase)) : undefined
  }
}

function equalTo(value: Scalar, ignoreCase: boolean): AttributeTest {
  if (typeof value !== 'string') return (attribute) => (typeof attribute === typeof value ? attribute === value : undefined)
  const wanted = folded(value, ignoreCase)
  return (attribute) => {
    if (typeof attribute !== 'string' || attribute.length > MAX_TEXT) return undefined
    return folded(attribute, ignoreCase) === wanted
  }
}

export const equals: OperatorKind = {
  compile: (value, ignoreCase) => equalTo(value as Scalar, ignoreCase),
}

export const isIn: OperatorKind = {
  compile: (value, ignoreCase) => oneOf(value as Scalar[], ignoreCase),
}
