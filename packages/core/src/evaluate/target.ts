import { FlagsError } from '../errors/flags-error.ts'

/** The targeting key plus attributes. Where the key is all there is, pass it alone. */
export interface EvaluationContext {
  /** What a rollout is hashed on; `''` counts as missing. */
  readonly targetingKey?: string
  readonly [attribute: string]: unknown
}

/** Whom a flag is evaluated for. A number is a safe integer and stands for its decimal digits. */
export type Who = string | number | EvaluationContext

/** `Who`, in one form. */
export interface Target {
  /** `undefined` where it is missing. */
  readonly key: string | undefined
  /** Whether the key is the only input, so that a decision may be shared under it. */
  readonly plain: boolean
  /** The caller's context, as it is: read own properties only, and expect a getter to throw. `undefined` where the target is plain. */
  readonly attributes: object | undefined
}

export function plainTarget(key: string | undefined): Target {
  return { key, plain: true, attributes: undefined }
}

const WITHOUT_KEY: Target = plainTarget(undefined)

/** `who` as a target, or an `INVALID_CONTEXT`. Never throws, whatever it is given. */
export function targetOf(who: unknown): Target | FlagsError {
  switch (typeof who) {
    case 'string':
      return who === '' ? WITHOUT_KEY : plainTarget(who)
    case 'number':
      return Number.isSafeInteger(who) ? plainTarget(String(who)) : invalid('a number must be a safe integer')
    case 'undefined':
      return WITHOUT_KEY
    case 'object':
      return who === null ? invalid('null') : contextTarget(who)
    default:
      return invalid(`a ${typeof who}`)
  }
}

function contextTarget(context: object): Target | FlagsError {
  try {
    const key = 'targetingKey' in context ? context.targetingKey : undefined
    if (key !== undefined && typeof key !== 'string') return invalid(`its targetingKey is a ${typeof key}`)
    const attributes = Object.getOwnPropertyNames(context).length - (Object.hasOwn(context, 'targetingKey') ? 1 : 0)
    const plain = attributes === 0
    return { key: key === '' ? undefined : key, plain, attributes: plain ? undefined : context }
  } catch (cause) {
    // A getter or a proxy of the caller's may throw.
    return new FlagsError('INVALID_CONTEXT', 'The evaluation context cannot be read.', { cause })
  }
}

function invalid(what: string): FlagsError {
  return new FlagsError(
    'INVALID_CONTEXT',
    `The evaluation context is a string, a safe integer or an object with a string targetingKey, not this: ${what}.`,
  )
}
