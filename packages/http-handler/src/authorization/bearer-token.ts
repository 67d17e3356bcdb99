import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { FlagsError } from '@flagstone/core'
import type { Action } from './action.ts'
import type { Verdict } from './verdict.ts'

/** A token, and whose changes are those made with it. */
export interface NamedToken {
  readonly token: string
  /** At most 200 characters. */
  readonly actor?: string
}

type Tokens = string | NamedToken | readonly (string | NamedToken)[]

/** Who may do what. Each kind includes the ones before it: `write` also reads, and `read` also evaluates. A token has 16 to 1,000 characters. */
export interface BearerTokens {
  readonly evaluate?: Tokens
  readonly read?: Tokens
  readonly write?: Tokens
}

interface Known {
  readonly digest: Buffer
  readonly rank: number
  readonly verdict: Verdict
}

/** From the least to the most. */
const KINDS = ['evaluate', 'read', 'write'] as const
const TOKEN = /^[A-Za-z0-9._~+/=-]{16,1000}$/
/** RFC 6750, 3. */
const MISSING: Verdict = { challenge: 'Bearer' }
const UNKNOWN: Verdict = { challenge: 'Bearer error="invalid_token"' }
const AUTHORIZATION = /^Bearer +([A-Za-z0-9._~+/=-]{16,1000}) *$/i

/**
 * An `authorize` that looks at `Authorization: Bearer <token>`: 401 without a token that it knows, 403 for one that may not do this. How long it takes tells nothing of the tokens: what is compared, in constant
 * time and with every token that there is, are keyed hashes.
 *
 * Throws `INVALID_OPTIONS` where there is no token, where one is missing (an environment variable that is not set), too short, or given twice.
 */
export function bearerToken(tokens: BearerTokens): (request: Request, action: Action) => Verdict {
  const key = randomBytes(32)
  const digestOf = (token: string): Buffer => createHmac('sha256', key).update(token).digest()
  const known = knownTokens(tokens, digestOf)
  return ({ headers }, { kind }) => {
    const [, given] = AUTHORIZATION.exec(headers.get('authorization') ?? '') ?? []
    if (given === undefined) return MISSING
    const digest = digestOf(given)
    // Not `find`: it would stop at the one that is equal.
    const [found] = known.filter((each) => timingSafeEqual(each.digest, digest))
    if (found === undefined) return UNKNOWN
    return found.rank >= KINDS.indexOf(kind) && found.verdict
  }
}

function knownTokens(tokens: BearerTokens, digestOf: (token: string) => Buffer): readonly Known[] {
  if (tokens === null || typeof tokens !== 'object' || Array.isArray(tokens)) invalid('takes tokens: { evaluate, read, write }')
  const seen = new Set<string>()
  const known: Known[] = []
  for (const [kind, given] of Object.entries(tokens) as [string, Tokens | undefined][]) {
    const rank = (KINDS as readonly string[]).indexOf(kind)
    if (rank === -1) invalid(`knows no ${kind}: there is ${KINDS.join(', ')}`)
    for (const each of Array.isArray(given) ? given : [given]) {
      const { token, actor } = named(kind, each)
      if (seen.has(token)) invalid(`was given one token of ${kind} twice`)
      seen.add(token)
      known.push({ digest: digestOf(token), rank, verdict: actor === undefined ? true : { actor } })
    }
  }
  if (known.length === 0) invalid('takes one token at least')
  return known
}

function named(kind: string, given: unknown): NamedToken {
  const { token, actor } = typeof given === 'string' ? { token: given, actor: undefined } : ((given ?? {}) as Partial<NamedToken>)
  // It never says what was given: that may be a secret.
  if (typeof token !== 'string' || !TOKEN.test(token))
    invalid(`must be given 16 to 1,000 letters, digits or ._~+/=- as each token of ${kind}`)
  if (actor === undefined) return { token }
  if (typeof actor !== 'string' || actor.length > 200) invalid(`must be given a string of at most 200 characters as each actor of ${kind}`)
  return { token, actor }
}

function invalid(what: string): never {
  throw new FlagsError('INVALID_OPTIONS', `bearerToken() ${what}.`)
}
