import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { FlagsError } from '@flagstone/core'
import type { Action } from './action.ts'
import type { Verdict } from './verdict.ts'

/** A token, and the actor whose changes are made with it. */
export interface NamedToken {
  readonly token: string
  /** At most 200 characters. */
  readonly actor?: string
}

type Tokens = string | NamedToken | readonly (string | NamedToken)[]

/** Tokens by the kind of action that they allow. `write` also reads, and `read` also evaluates. A token has 16 to 1,000 characters. */
export interface BearerTokens {
  readonly evaluate?: Tokens
  readonly read?: Tokens
  readonly write?: Tokens
}

interface KnownToken {
  readonly digest: Buffer
  readonly rank: number
  readonly verdict: Verdict
}

/** In rising order: each kind includes those before it. */
const RANKED_KINDS = ['evaluate', 'read', 'write'] as const
const TOKEN_PATTERN = /^[A-Za-z0-9._~+/=-]{16,1000}$/
/** RFC 6750, 3. */
const MISSING_TOKEN: Verdict = { challenge: 'Bearer' }
const UNKNOWN_TOKEN: Verdict = { challenge: 'Bearer error="invalid_token"' }
const BEARER_PATTERN = /^Bearer +([A-Za-z0-9._~+/=-]{16,1000}) *$/i

/**
 * An `authorize` that checks `Authorization: Bearer <token>`: a 401 for a missing or unknown token, a 403 for one without the right. Its timing
 * reveals nothing about the tokens: it compares keyed hashes, in constant time, with every known token.
 *
 * Throws `INVALID_OPTIONS` if there is no token, or if one is undefined (an environment variable that is not set), too short, or given twice.
 */
export function bearerToken(tokens: BearerTokens): (request: Request, action: Action) => Verdict {
  const key = randomBytes(32)
  const digestOf = (token: string): Buffer => createHmac('sha256', key).update(token).digest()
  const known = knownTokens(tokens, digestOf)
  return ({ headers }, { kind }) => {
    const [, given] = BEARER_PATTERN.exec(headers.get('authorization') ?? '') ?? []
    if (given === undefined) return MISSING_TOKEN
    const digest = digestOf(given)
    // Not `find`, which would stop at the match: the time would depend on its position.
    const [found] = known.filter((each) => timingSafeEqual(each.digest, digest))
    if (found === undefined) return UNKNOWN_TOKEN
    return found.rank >= RANKED_KINDS.indexOf(kind) && found.verdict
  }
}

function knownTokens(tokens: BearerTokens, digestOf: (token: string) => Buffer): readonly KnownToken[] {
  if (tokens === null || typeof tokens !== 'object' || Array.isArray(tokens)) invalid('takes tokens: { evaluate, read, write }')
  const seen = new Set<string>()
  const known: KnownToken[] = []
  for (const [kind, given] of Object.entries(tokens) as [string, Tokens | undefined][]) {
    const rank = (RANKED_KINDS as readonly string[]).indexOf(kind)
    if (rank === -1) invalid(`knows no ${kind}: there is ${RANKED_KINDS.join(', ')}`)
    for (const each of Array.isArray(given) ? given : [given]) {
      const { token, actor } = namedToken(kind, each)
      if (seen.has(token)) invalid(`was given one token of ${kind} twice`)
      seen.add(token)
      known.push({ digest: digestOf(token), rank, verdict: actor === undefined ? true : { actor } })
    }
  }
  if (known.length === 0) invalid('takes one token at least')
  return known
}

function namedToken(kind: string, given: unknown): NamedToken {
  const { token, actor } = typeof given === 'string' ? { token: given, actor: undefined } : ((given ?? {}) as Partial<NamedToken>)
  // The messages never quote the input, which may be a secret.
  if (typeof token !== 'string' || !TOKEN_PATTERN.test(token))
    invalid(`must be given 16 to 1,000 letters, digits or ._~+/=- as each token of ${kind}`)
  if (actor === undefined) return { token }
  if (typeof actor !== 'string' || actor.length > 200) invalid(`must be given a string of at most 200 characters as each actor of ${kind}`)
  return { token, actor }
}

function invalid(what: string): never {
  throw new FlagsError('INVALID_OPTIONS', `bearerToken() ${what}.`)
}
