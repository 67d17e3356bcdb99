import { FlagsError } from '@flagstone/core'
import { metaSchema } from '@flagstone/core/schemas'
import * as v from 'valibot'
import { Refusal } from '../response/http-error.ts'
import type { Action } from './action.ts'
import type { Authorize } from './verdict.ts'

/** Who asks, once the action is allowed. */
export interface Allowed {
  readonly actor?: string | undefined
}

export interface AuthorizationOptions {
  readonly authorize: Authorize | undefined
  readonly isEvaluationPublic: boolean
}

const ANYBODY: Allowed = {}
const NO_AUTHORIZE = 'This handler was made without the option authorize, so it refuses this. Give flagsHandler() one.'
const REFUSED = 'You may not do this.'
const CHALLENGED = 'Send credentials: WWW-Authenticate says which. If you did, they are not known.'
const CHALLENGE = /^[\x21-\x7e][\x20-\x7e]{0,499}$/

/**
 * Resolves where the action is allowed; otherwise rejects with a `FORBIDDEN` or an `UNAUTHENTICATED` refusal, or with a `FlagsError` where `authorize` threw or
 * answered something else than a verdict. Nothing but a verdict opens.
 */
export async function allow(request: Request, action: Action, options: AuthorizationOptions): Promise<Allowed> {
  if (action.kind === 'evaluate' && options.isEvaluationPublic) return ANYBODY
  if (options.authorize === undefined) throw new Refusal('FORBIDDEN', NO_AUTHORIZE)
  const verdict = await verdictOf(options.authorize, request, action)
  if (verdict === false) throw new Refusal('FORBIDDEN', REFUSED)
  if (request.bodyUsed) throw broken('read the body of the request, which is then gone for the handler')
  return verdict === true ? ANYBODY : verdict
}

async function verdictOf(authorize: Authorize, request: Request, action: Action): Promise<boolean | Allowed> {
  let verdict: unknown
  try {
    verdict = await authorize(request, action)
  } catch (cause) {
    throw new FlagsError('GENERAL', 'authorize threw, so the request is refused.', { cause })
  }
  if (typeof verdict === 'boolean') return verdict
  if (verdict === null || typeof verdict !== 'object')
    throw broken(`answered ${String(verdict)}, not false, true, { actor } or { challenge }`)
  if ('challenge' in verdict) throw challenged(verdict.challenge)
  const { actor } = verdict as { readonly actor?: unknown }
  if (actor === undefined) return ANYBODY
  if (!v.is(metaSchema, { actor })) throw broken('answered an actor that is not a string of at most 200 characters')
  return { actor: actor as string }
}

function challenged(challenge: unknown): Error {
  if (typeof challenge !== 'string' || !CHALLENGE.test(challenge)) {
    return broken('answered a challenge that is not 1 to 500 printable ASCII characters')
  }
  return new Refusal('UNAUTHENTICATED', CHALLENGED, { 'WWW-Authenticate': challenge })
}

function broken(what: string): FlagsError {
  return new FlagsError('GENERAL', `authorize ${what}, so the request is refused.`)
}
