import type { Decision, Source } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { titleOf } from '../validate/record-key.ts'
import type { Compiled } from './compiler.ts'

/** A flag, or a segment (`null`: known to be absent), to be evaluated by whoever asked. */
export interface FlagAnswer {
  readonly kind: 'flag'
  readonly flag: Compiled | null
  readonly asOf: number
  readonly source: Extract<Source, 'memory' | 'cache' | 'store'>
  /** Whether the store could not vouch for it of late. */
  readonly stale: boolean
}

/** A decision that another call has made: a boolean for `check`, the whole for `endpoint`. */
interface DecisionAnswer {
  readonly kind: 'decision'
  readonly decision: boolean | Decision
  readonly asOf: number
  readonly source: 'decision'
  readonly stale: boolean
}

/** No layer knows. */
export interface NoAnswer {
  readonly kind: 'none'
  readonly error: FlagsError
}

export type Answer = FlagAnswer | DecisionAnswer | NoAnswer

export function none(error: FlagsError): NoAnswer {
  return { kind: 'none', error }
}

/** A flag's, or that of all where no name is given. */
export function notReached(minVersion: number, name?: string): FlagsError {
  const message = `${name === undefined ? 'Snapshot' : titleOf(name)}: the store has not reached version ${minVersion}, which was asked for.`
  return new FlagsError('VERSION_NOT_REACHED', message, name === undefined ? {} : { flag: name })
}

/** Each attempt at reading the flag was overtaken by a change. */
export function tooFast(name: string): FlagsError {
  return new FlagsError('GENERAL', `${titleOf(name)} changes faster than it can be read.`, { flag: name })
}
