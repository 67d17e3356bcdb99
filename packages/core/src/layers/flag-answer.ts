import type { Decision, Source } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { titleOf } from '../validate/record-key.ts'
import type { Compiled } from './compiler.ts'

/** A flag or a segment (`null`: known to be absent); each caller evaluates it itself. */
export interface FlagAnswer {
  readonly kind: 'flag'
  readonly flag: Compiled | null
  readonly asOf: number
  readonly source: Extract<Source, 'memory' | 'cache' | 'store'>
  /** Whether it must be marked `STALE`: the store has not vouched for it lately. */
  readonly stale: boolean
}

/** A decision that another call has left in the cache: a boolean for `check`, the whole decision for `endpoint`. */
interface DecisionAnswer {
  readonly kind: 'decision'
  readonly decision: boolean | Decision
  readonly asOf: number
  readonly source: 'decision'
  readonly stale: boolean
}

/** No layer can answer. */
export interface NoAnswer {
  readonly kind: 'none'
  readonly error: FlagsError
}

export type Answer = FlagAnswer | DecisionAnswer | NoAnswer

export function none(error: FlagsError): NoAnswer {
  return { kind: 'none', error }
}

/** For a flag; for a snapshot where no name is given. */
export function versionNotReached(minVersion: number, name?: string): FlagsError {
  const message = `${name === undefined ? 'Snapshot' : titleOf(name)}: the store has not reached version ${minVersion}, which was asked for.`
  return new FlagsError('VERSION_NOT_REACHED', message, name === undefined ? {} : { flag: name })
}

/** A change overtook each attempt to read the flag. */
export function changesTooFast(name: string): FlagsError {
  return new FlagsError('GENERAL', `${titleOf(name)} changes faster than it can be read.`, { flag: name })
}
