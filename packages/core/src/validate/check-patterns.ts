import type { Condition, Rule } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { OperatorLibraries } from './operator-libraries.ts'

interface Patterned {
  readonly rules?: readonly Rule[] | null
  readonly when?: readonly Condition[] | null
}

/** Throws at the first pattern that the library, if there is one, refuses. It stops there: compiling a large pattern takes a while. */
export function checkPatterns({ rules, when }: Patterned, { regExp }: OperatorLibraries, what: string, key: string): void {
  if (regExp === undefined) return
  const lists = (rules ?? []).map((rule, index) => ({ at: `rules.${index}.when`, conditions: rule.when }))
  for (const { at, conditions } of [...lists, { at: 'when', conditions: when ?? [] }]) {
    for (const [index, { operator, value, ignoreCase = false }] of conditions.entries()) {
      const compiled = operator === 'matches' ? regExp.compile(value as string, ignoreCase) : undefined
      if (compiled === undefined || typeof compiled === 'function') continue
      throw new FlagsError('INVALID_FLAG', `${what}: ${at}.${index}.value: expected a pattern in RE2 syntax: ${compiled.refused}.`, {
        flag: key,
      })
    }
  }
}
