import type { Evaluation } from '@flagstone/core'
import { PRIVATE, publicHeaders } from '../caching/cache-headers.ts'
import { isSure } from '../caching/cacheable-evaluation.ts'
import { conditional, type Found, type Kept } from '../caching/conditional-response.ts'
import { snapshotOf } from '../caching/current-snapshot.ts'
import type { KeptAnswers } from '../caching/response-cache.ts'
import type { ResolvedOptions } from '../options.ts'
import { json } from '../response/json-response.ts'
import { shown } from '../response/safe-evaluation.ts'
import { MIN_VERSION, USER_ID } from '../routing/query-parameters.ts'
import type { Asked, Route } from '../routing/route.ts'

/** `GET /flags/{name}`: what `flags.evaluate` answers. A flag that does not exist is an answer, not a 404: it is off. */
export function evaluationRoutes(options: ResolvedOptions, answers: KeptAnswers): readonly Route[] {
  const { flags, cache } = options
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
        // The second and third where a flag must not guess.
        problems: ['VERSION_NOT_REACHED', 'PARSE_ERROR', 'RECORD_TOO_NEW'],
        takesIfNoneMatch: cache !== undefined,
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
  const again = await answers.again(request)
  if (again !== undefined) return again
  const userId = query.text('user_id')
  const snapshot = await snapshotOf(options.flags)
  const keep = (answer: Kept): void => {
    if (snapshot !== undefined) answers.keep(request.url, snapshot, answer)
  }
  const question = { request, snapshot, asks: ['flag', name, userId ?? ''], headers: headersFor(userId, options) }
  return await conditional(question, async () => foundOf(await options.flags.evaluate(name, userId)), keep)
}

function headersFor(userId: string | undefined, { cache, isEvaluationPublic }: ResolvedOptions): Readonly<Record<string, string>> {
  return isEvaluationPublic && userId === undefined && cache !== undefined ? publicHeaders(cache) : PRIVATE
}

function foundOf(evaluation: Evaluation): Found {
  const body = shown(evaluation)
  // Where it was found, and how old it may be at most, makes no other answer of it.
  return { body, essence: () => ({ ...body, source: undefined, asOf: undefined }), asOf: evaluation.asOf, isSure: isSure(evaluation) }
}
