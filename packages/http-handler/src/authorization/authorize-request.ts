import { FlagsError } from '@flagstone/core'
import { metaSchema } from '@flagstone/core/schemas'
import * as v from 'valibot'
import { HttpError } from '../response/http-error.ts'
import type { Action } from './action.ts'
import type { Authorize } from './verdict.ts'

/** The actor of an allowed request, if `authorize` named one. */
export interface Authorized {
  readonly actor?: string | undefined
}

export interface AuthorizationOptions {
  readonly authorize: Authorize | undefined
  readonly isEvaluationPublic: boolean
}

const ANONYMOUS: Authorized = {}
const NO_AUTHORIZE = 'This handler has no option authorize, so it refuses this request. Pass authorize to flagsHandler().'
const REFUSED = 'This action is not allowed.'
const CHALLENGED = 'Credentials are missing or not known. The header WWW-Authenticate says which to send.'
const CHALLENGE = /^[\x21-\x7e][\x20-\x7e]{0,499}$/

/**
 * Resolves if the action is allowed. Otherwise rejects with a `FORBIDDEN` or `UNAUTHENTICATED` error, or with a `FlagsError` if `authorize`
 * threw or returned something other than a verdict. Only a valid verdict allows a request.
 */
export async function authorizeRequest(request: Request, action: Action, options: AuthorizationOptions): Promise<Authorized> {
  if (action.kind === 'evaluate' && options.isEvaluationPublic) return ANONYMOUS
  if (options.authorize === undefined) throw new HttpError('FORBIDDEN', NO_AUTHORIZE)
  const verdict = await verdictOf(options.authorize, request, action)
  if (verdict === false) throw new HttpError('FORBIDDEN', REFUSED)
  if (request.bodyUsed) throw invalidVerdict('read the body of the request, which the handler has to read itself')
  return verdict === true ? ANONYMOUS : verdict
}

async function verdictOf(authorize: Authorize, request: Request, action: Action): Promise<boolean | Authorized> {
  let verdict: unknown
  try {
    verdict = await authorize(request, action)
  } catch (cause) {
    throw new FlagsError('GENERAL', 'authorize threw, so the request is refused.', { cause })
  }
  if (typeof verdict === 'boolean') return verdict
  if (verdict === null || typeof verdict !== 'object')
    throw invalidVerdict(`answered ${String(verdict)}, not false, true, { actor } or { challenge }`)
  if ('challenge' in verdict) throw unauthenticated(verdict.challenge)
  const { actor } = verdict as { readonly actor?: unknown }
  if (actor === undefined) return ANONYMOUS
  if (!v.is(metaSchema, { actor })) throw invalidVerdict('answered an actor that is not a string of at most 200 characters')
  return { actor: actor as string }
}

function unauthenticated(challenge: unknown): Error {
  if (typeof challenge !== 'string' || !CHALLENGE.test(challenge)) {
    return invalidVerdict('answered a challenge that is not 1 to 500 printable ASCII characters')
  }
  return new HttpError('UNAUTHENTICATED', CHALLENGED, { 'WWW-Authenticate': challenge })
}

function invalidVerdict(what: string): FlagsError {
  return new FlagsError('GENERAL', `authorize ${what}, so the request is refused.`)
}
