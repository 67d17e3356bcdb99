import type { Decision, Evaluation, JsonValue } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { valueText } from '../errors/value-text.ts'
import type { NoAnswer } from '../layers/answer.ts'
import type { FlagDefinition, Widen } from '../validate/define-flags.ts'
import type { Decided } from './decider.ts'

type Draft = { -readonly [K in keyof Evaluation]: Evaluation[K] }

/** What `evaluate` answers; `fallback` where the flag does not exist. */
export function evaluation({ decision, source, asOf, stale }: Decided, fallback: boolean): Evaluation {
  const { name, enabled, reason, version, rollout, rule, unmet, targetingKey, bucket, variant, value, errorCode, errorMessage } =
    decision as Decision
  const isAbsent = errorCode === 'FLAG_NOT_FOUND'
  const isStale = stale && (isAbsent || reason !== 'ERROR')
  const answer: Draft = { name, enabled: isAbsent ? fallback : enabled, reason: isStale ? 'STALE' : reason, source, asOf }
  // One by one: to spread objects of so many shapes costs more than the evaluation.
  if (version !== undefined) answer.version = version
  if (rollout !== undefined) answer.rollout = rollout
  if (rule !== undefined) answer.rule = rule
  if (unmet !== undefined) answer.unmet = unmet
  if (targetingKey !== undefined) answer.targetingKey = targetingKey
  if (bucket !== undefined) answer.bucket = bucket
  if (variant !== undefined) answer.variant = variant
  if (value !== undefined) answer.value = value
  if (errorCode !== undefined) answer.errorCode = errorCode
  if (errorMessage !== undefined) answer.errorMessage = errorMessage
  return answer
}

/** What `isEnabled` answers; `fallback` where the flag does not exist, or nobody knows. */
export function gateOf(found: Decided | NoAnswer, fallback: boolean): boolean {
  if (found.kind === 'none') return fallback
  const { decision } = found
  if (typeof decision === 'boolean') return decision
  return decision.errorCode === 'FLAG_NOT_FOUND' ? fallback : decision.enabled
}

/** What `evaluate` answers where no layer knows. */
export function unknown(name: string, key: string | undefined, enabled: boolean, { code, message }: FlagsError): Evaluation {
  const asked = { name, ...(key === undefined ? {} : { targetingKey: key }) }
  return { ...asked, enabled, reason: 'ERROR', source: 'default', errorCode: code, errorMessage: message }
}

/** The answer to what is no flag's name. */
export function noFlagCanBe(name: unknown): FlagsError {
  return new FlagsError('FLAG_NOT_FOUND', `No flag can be called ${valueText(name)}.`)
}

/** What `value` gives for who is out: what the call says, else what the schema says. Throws `INVALID_OPTIONS` where neither does. */
export function fallbackOf<T extends JsonValue>(name: string, given: T | undefined, definition: FlagDefinition | undefined): Widen<T> {
  const fallback = given === undefined ? definition?.default : given
  if (fallback !== undefined) return fallback as Widen<T>
  throw new FlagsError('INVALID_OPTIONS', `Flag ${name} is not in the schema: give a default.`, { flag: name })
}

/** The variant's value for who is in, `true` where there are no variants, and `fallback` for who is out or where the types differ. */
export function valueFor<T extends JsonValue>(decision: Decision, fallback: Widen<T>, report: (error: FlagsError) => void): Widen<T> {
  const { name, enabled, variant, value, errorCode } = decision
  if (!enabled || (errorCode !== undefined && variant === undefined)) return fallback
  const found = variant === undefined ? true : (value as JsonValue)
  const [given, wanted] = [kindOf(found), kindOf(fallback)]
  if (given === wanted) return found as Widen<T>
  const what = variant === undefined ? 'has no variants, so its value is true or false' : `gives variant ${variant}, ${given}`
  report(new FlagsError('TYPE_MISMATCH', `Flag ${name} ${what}; its default is ${wanted}.`, { flag: name }))
  return fallback
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
