import type { Evaluation, FlagSnapshot, Flags } from '@flagstone/core'
import { json } from '../answers.ts'
import { PRIVATE, publicHeaders } from '../caching/cache-headers.ts'
import { conditional, type Found } from '../caching/conditional.ts'
import { tellable } from '../disclosure.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Asked, Route } from '../route.ts'

/** `GET /flags/{name}`: what `flags.evaluate` answers. A flag that does not exist is an answer, not a 404: it is off. */
export function evaluationRoutes(options: ResolvedOptions): readonly Route[] {
  const { flags, cache } = options
  return [
    {
      method: 'GET',
      path: '/flags/{name}',
      action: { kind: 'evaluate', operation: 'evaluate', subject: 'flag' },
      query: ['user_id', 'min_version'],
      async answer(asked) {
        const minVersion = asked.query.whole('min_version')
        // Whoever names a version wants to read what was just written.
        if (cache !== undefined && minVersion === undefined) return await cached(asked, options)
        const limits = minVersion === undefined ? {} : { minVersion }
        return json(shown(await flags.evaluate(asked.name, asked.query.text('user_id'), limits)))
      },
    },
  ]
}

async function cached({ request, name, query }: Asked, { flags, cache, isEvaluationPublic }: ResolvedOptions): Promise<Response> {
  const userId = query.text('user_id')
  const isForAll = isEvaluationPublic && userId === undefined
  const headers = isForAll && cache !== undefined ? publicHeaders(cache) : PRIVATE
  const question = { request, snapshot: await snapshotOf(flags), asks: ['flag', name, userId ?? ''], headers }
  return await conditional(question, async () => foundOf(await flags.evaluate(name, userId)))
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
  return { body, essence: { ...body, source: undefined, asOf: undefined }, isSure: isSure(evaluation) }
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
