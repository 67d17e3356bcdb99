import type { EvaluationContext } from '../../../src/evaluate/target.ts'
import type { UnleashContext } from './unleash-state.ts'

/** The path of an attribute as a number: Unleash converts text where an operator takes numbers, Flagstone never converts. */
export function asNumber(name: string): string {
  return `numbers.${name}`
}

/** The default stickiness of Unleash is the user, or else the session. */
export function contextOf({ properties = {}, ...fields }: UnleashContext): EvaluationContext {
  const attributes = Object.entries({ ...properties, ...fields })
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => [name, String(value)] as const)
  const numbers = attributes.map(([name, text]) => [name, Number(text)] as const).filter(([, number]) => Number.isFinite(number))
  const targetingKey = fields.userId || fields.sessionId
  return {
    ...Object.fromEntries(attributes),
    numbers: Object.fromEntries(numbers),
    ...(targetingKey === undefined ? {} : { targetingKey }),
  }
}
