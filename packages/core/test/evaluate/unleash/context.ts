import type { EvaluationContext } from '../../../src/evaluate/target.ts'
import type { UnleashContext } from './state.ts'

/** Where an attribute stands as a number: Unleash reads text as one where an operator wants it, Flagstone never converts. */
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
