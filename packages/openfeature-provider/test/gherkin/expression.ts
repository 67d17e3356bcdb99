import type { Condition, Rule } from '@flagstone/core'

const WHOLE = /^(.+) \? '([^']+)' : ''$/
const TERM = /^(?:!(?<falsy>\w+)|(?<equal>\w+) == '(?<text>[^']*)'|(?<greater>\w+) > (?<number>\d+))$/

/** Converts a `contextEvaluator` of the test flags to rules. Throws for an expression of another kind. */
export function rulesFromExpression(expression: string): readonly Rule[] {
  const [, terms = '', variant = ''] = WHOLE.exec(expression) ?? []
  if (variant === '') throw new Error(`Not an expression of the kind that is translated: ${expression}`)
  const alternatives = terms.split(' && ').map(alternativesOf)
  const combined = alternatives.reduce<Condition[][]>(
    (whens, each) => whens.flatMap((when) => each.map((condition) => [...when, condition])),
    [[]],
  )
  return combined.map((when) => ({ when, variant }))
}

/** Alternative conditions. A falsy attribute is missing, or is not `true`. */
function alternativesOf(term: string): readonly Condition[] {
  const { falsy, equal, text, greater, number } = TERM.exec(term)?.groups ?? {}
  if (falsy !== undefined) {
    return [
      { attribute: falsy, operator: 'exists', not: true },
      { attribute: falsy, operator: 'equals', value: true, not: true },
    ]
  }
  if (equal !== undefined && text !== undefined) return [{ attribute: equal, operator: 'equals', value: text }]
  if (greater !== undefined) return [{ attribute: greater, operator: 'greaterThan', value: Number(number) }]
  throw new Error(`Not a term of the kind that is translated: ${term}`)
}
