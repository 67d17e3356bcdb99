import type { Evaluation } from '@flagstone/core'
import { PRIVATE_CACHE_HEADERS, publicCacheHeaders } from '../caching/cache-headers.ts'
import { isCacheable } from '../caching/cacheable-evaluation.ts'
import { type Answer, type CachedResponse, conditionalResponse } from '../caching/conditional-response.ts'
import { currentSnapshot } from '../caching/current-snapshot.ts'
import type { ResponseCache } from '../caching/response-cache.ts'
import type { ResolvedOptions } from '../options/handler-options.ts'
import { jsonResponse } from '../response/json-response.ts'
import { safeEvaluation } from '../response/safe-evaluation.ts'
import { MIN_VERSION, USER_ID } from '../routing/query-parameters.ts'
import type { Route, RouteRequest } from '../routing/route.ts'

/** `GET /flags/{name}`: the result of `flags.evaluate`. A flag that does not exist is not a 404: it is off, with an error code. */
export function evaluationRoutes(options: ResolvedOptions, responseCache: ResponseCache): readonly Route[] {
  const { flags, cache } = options
  return [
    {
      method: 'GET',
      path: '/flags/{name}',
      action: { kind: 'evaluate', operation: 'evaluate', subject: 'flag' },
      query: [USER_ID, MIN_VERSION],
      description: {
        id: 'evaluateFlag',
        summary: 'Whether a user gets the flag, and why. A flag that does not exist is off, with FLAG_NOT_FOUND.',
        success: { status: 200, description: 'The evaluation.', schema: 'Evaluation' },
        // The second and third only for a flag with `onUnavailable: 'throw'`.
        problems: ['VERSION_NOT_REACHED', 'PARSE_ERROR', 'RECORD_TOO_NEW'],
        takesIfNoneMatch: cache !== undefined,
      },
      async answer(asked) {
        const minVersion = asked.query.wholeNumber('min_version')
        // A client that names a version wants to read what it has just written, so no cached response will do.
        if (cache !== undefined && minVersion === undefined) return await conditionalEvaluation(asked, options, responseCache)
        const limits = minVersion === undefined ? {} : { minVersion }
        return jsonResponse(safeEvaluation(await flags.evaluate(asked.name, asked.query.text('user_id'), limits)))
      },
    },
  ]
}

async function conditionalEvaluation(
  { request, name, query }: RouteRequest,
  options: ResolvedOptions,
  responseCache: ResponseCache,
): Promise<Response> {
  const cached = await responseCache.get(request)
  if (cached !== undefined) return cached
  const userId = query.text('user_id')
  const snapshot = await currentSnapshot(options.flags)
  const store = (answer: CachedResponse): void => {
    if (snapshot !== undefined) responseCache.set(request.url, snapshot, answer)
  }
  const conditional = { request, snapshot, keyParts: ['flag', name, userId ?? ''], headers: cacheHeadersFor(userId, options) }
  return await conditionalResponse(conditional, async () => answerOf(await options.flags.evaluate(name, userId)), store)
}

function cacheHeadersFor(userId: string | undefined, { cache, isEvaluationPublic }: ResolvedOptions): Readonly<Record<string, string>> {
  return isEvaluationPublic && userId === undefined && cache !== undefined ? publicCacheHeaders(cache) : PRIVATE_CACHE_HEADERS
}

function answerOf(evaluation: Evaluation): Answer {
  const body = safeEvaluation(evaluation)
  // The layer that answered and the age of its value do not change the answer, so they are not part of the tag.
  return {
    body,
    tagSource: () => ({ ...body, source: undefined, asOf: undefined }),
    asOf: evaluation.asOf,
    isCacheable: isCacheable(evaluation),
  }
}
