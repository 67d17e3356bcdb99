import type { Decision, Evaluation, JsonValue } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { valueText } from '../errors/value-text.ts'
import type { NoAnswer } from '../layers/flag-answer.ts'
import type { FlagDefinition, Widen } from '../validate/define-flags.ts'
import type { Decided } from './decider.ts'

type Draft = { -readonly [K in keyof Evaluation]: Evaluation[K] }

/** What `evaluate` returns; `fallback` where the flag does not exist. */
export function evaluationOf({ decision, source, asOf, stale }: Decided, fallback: boolean): Evaluation {
  const { name, enabled, reason, version, rollout, rule, unmet, targetingKey, bucket, variant, value, errorCode, errorMessage } =
    decision as Decision
  const isNotAvailable = errorCode === 'FLAG_NOT_FOUND'
  const isStale = stale && (isNotAvailable || reason !== 'ERROR')
  const answer: Draft = { name, enabled: isNotAvailable ? fallback : enabled, reason: isStale ? 'STALE' : reason, source, asOf }
  // One by one: spreading objects of so many shapes costs more than the evaluation.
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

/** What `isEnabled` returns; `fallback` where the flag does not exist, or no layer can answer. */
export function gateOf(found: Decided | NoAnswer, fallback: boolean): boolean {
  if (found.kind === 'none') return fallback
  const { decision } = found
  if (typeof decision === 'boolean') return decision
  return decision.errorCode === 'FLAG_NOT_FOUND' ? fallback : decision.enabled
}

/** What `evaluate` returns where no layer can answer. */
export function unknownEvaluation(name: string, key: string | undefined, enabled: boolean, { code, message }: FlagsError): Evaluation {
  const asked = { name, ...(key === undefined ? {} : { targetingKey: key }) }
  return { ...asked, enabled, reason: 'ERROR', source: 'default', errorCode: code, errorMessage: message }
}

/** Evaluating a name that no flag can have is not a mistake, but a flag that does not exist. */
export function notAFlagName(name: unknown): FlagsError {
  return new FlagsError('FLAG_NOT_FOUND', `No flag can be called ${valueText(name)}.`)
}

/** The default of `value`: the call's, else the schema's. Throws `INVALID_OPTIONS` where there is neither. */
export function fallbackOf<T extends JsonValue>(name: string, given: T | undefined, definition: FlagDefinition | undefined): Widen<T> {
  const fallback = given === undefined ? definition?.default : given
  if (fallback !== undefined) return fallback as Widen<T>
  throw new FlagsError('INVALID_OPTIONS', `Flag ${name} is not in the schema: give a default.`, { flag: name })
}

/** The variant's value where the flag is on, or `true` without variants; `fallback` where it is off or where the types differ. */
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
