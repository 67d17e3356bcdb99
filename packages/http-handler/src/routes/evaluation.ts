import type { Evaluation, FlagSnapshot, Flags } from '@flagstone/core'
import { json } from '../answers.ts'
import { PRIVATE, publicHeaders } from '../caching/cache-headers.ts'
import { conditional, type Found, isDecidedByFlags, type Kept, notModified } from '../caching/conditional.ts'
import { isHeld } from '../caching/entity-tag.ts'
import { KeptAnswers } from '../caching/kept-answers.ts'
import { tellable } from '../disclosure.ts'
import { MIN_VERSION, USER_ID } from '../openapi/parameters.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Asked, Route } from '../route.ts'

/** A few megabytes. */
const MAX_KEPT = 10_000

/** `GET /flags/{name}`: what `flags.evaluate` answers. A flag that does not exist is an answer, not a 404: it is off. */
export function evaluationRoutes(options: ResolvedOptions): readonly Route[] {
  const { flags, cache } = options
  const answers = new KeptAnswers(MAX_KEPT, options.clock)
  return [
    {
      method: 'GET',
      path: '/flags/{name}',
      action: { kind: 'evaluate', operation: 'evaluate', subject: 'flag' },
      query: [USER_ID, MIN_VERSION],
      text: {
        id: 'evaluateFlag',
        summary: 'Whether a user gets the flag, and why. A flag that does not exist is off, with FLAG_NOT_FOUND.',
        success: { status: 200, description: 'The evaluation.', schema: 'Evaluation' },
        problems: ['VERSION_NOT_REACHED'],
        takesIfNoneMatch: true,
      },
      async answer(asked) {
        const minVersion = asked.query.whole('min_version')
        // Whoever names a version wants to read what was just written.
        if (cache !== undefined && minVersion === undefined) return await cached(asked, options, answers)
        const limits = minVersion === undefined ? {} : { minVersion }
        return json(shown(await flags.evaluate(asked.name, asked.query.text('user_id'), limits)))
      },
    },
  ]
}

async function cached({ request, name, query }: Asked, options: ResolvedOptions, answers: KeptAnswers): Promise<Response> {
  const userId = query.text('user_id')
  const snapshot = await snapshotOf(options.flags)
  const key = `${name}?${userId ?? ''}`
  const kept = isDecidedByFlags(snapshot) ? answers.get(snapshot, key) : undefined
  if (kept !== undefined && !isHeld(kept.tag, request)) return new Response(kept.text, { headers: kept.headers })
  const headers = headersFor(userId, options)
  if (kept !== undefined) return notModified(kept.tag, headers)
  const keep = (answer: Kept): void => {
    if (snapshot !== undefined) answers.set(snapshot, key, answer)
  }
  const question = { request, snapshot, asks: ['flag', name, userId ?? ''], headers }
  return await conditional(question, async () => foundOf(await options.flags.evaluate(name, userId)), keep)
}

function headersFor(userId: string | undefined, { cache, isEvaluationPublic }: ResolvedOptions): Readonly<Record<string, string>> {
  return isEvaluationPublic && userId === undefined && cache !== undefined ? publicHeaders(cache) : PRIVATE
}

/** `undefined` once the client is closed: an evaluation still answers. */
async function snapshotOf(flags: Flags): Promise<FlagSnapshot | undefined> {
  try {
    return await flags.snapshot()
  } catch {
    return undefined
  }
}

function foundOf(evaluation: Evaluation): Found {
  const body = shown(evaluation)
  // Where it was found, and how old it may be at most, makes no other answer of it.
  return { body, essence: () => ({ ...body, source: undefined, asOf: undefined }), isSure: isSure(evaluation) }
}

const OF_THE_REQUEST: readonly unknown[] = [undefined, 'FLAG_NOT_FOUND', 'TARGETING_KEY_MISSING']

/** Whether it says what the flag says: not `STALE`, and no default because the flag cannot be known. */
export function isSure({ reason, errorCode }: Evaluation): boolean {
  return reason !== 'STALE' && OF_THE_REQUEST.includes(errorCode)
}

/** An evaluation without what its error's message may give away. */
export function shown(evaluation: Evaluation): Evaluation {
  const { errorCode, errorMessage } = evaluation
  if (errorCode === undefined || errorMessage === undefined) return evaluation
  return { ...evaluation, errorMessage: tellable(errorCode, errorMessage) }
}
