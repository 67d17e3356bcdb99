import { FlagsError } from '@flagstone/core'
import { metaSchema } from '@flagstone/core/schemas'
import * as v from 'valibot'
import type { ResolvedOptions } from './options.ts'
import { Refusal } from './problems.ts'

/** What kind of right a request needs, and what it would do with it. */
export type Deed =
  /** To learn what somebody gets: one flag or all, that flags change (names and versions), the description of this very API. */
  | { readonly kind: 'evaluate'; readonly operation: 'evaluate' | 'events' | 'describe' }
  /** To see how flags and segments are made: rules, members, who changed what. */
  | { readonly kind: 'read'; readonly operation: 'list' | 'get' | 'history' | 'explain' }
  /** To change them. */
  | { readonly kind: 'write'; readonly operation: 'create' | 'update' | 'delete' }

/** What a request is about to do, as `authorize` is asked. */
export type Action = Deed & {
  readonly subject: 'flag' | 'segment'
  /**
   * The flag or segment in the path, a legal name. Absent where the path has none: for a list, for all flags at once, for a `create` (its
   * name is in the body, which is read only once the action is allowed).
   */
  readonly name?: string
}

/**
 * `true`: allowed. With an `actor`: allowed, and a change is logged as theirs, a string of at most 200 characters. `false`: refused with a 403.
 * With a `challenge`: refused with a 401, as credentials are missing or not known; it becomes the header `WWW-Authenticate`, such as
 * `Bearer realm="flags"` (RFC 9110, 11.6.1). One that is there and `undefined` is refused as well, with a 500: it was meant to refuse.
 */
export type Verdict = boolean | { readonly actor?: string; readonly challenge?: never } | { readonly challenge: string }

/** Who asks, once the action is allowed. */
export interface Allowed {
  readonly actor?: string | undefined
}

export type Authorize = (request: Request, action: Action) => Verdict | Promise<Verdict>

const ANYBODY: Allowed = {}
const NO_AUTHORIZE = 'This handler was made without the option authorize, so it refuses this. Give flagsHandler() one.'
const REFUSED = 'You may not do this.'
const CHALLENGED = 'Send credentials: WWW-Authenticate says which. If you did, they are not known.'
const CHALLENGE = /^[\x21-\x7e][\x20-\x7e]{0,499}$/

/**
 * Resolves where the action is allowed; otherwise rejects with a `FORBIDDEN` or an `UNAUTHENTICATED` refusal, or with a `FlagsError` where `authorize` threw or
 * answered something else than a verdict. Nothing but a verdict opens.
 */
export async function allow(request: Request, action: Action, options: ResolvedOptions): Promise<Allowed> {
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
