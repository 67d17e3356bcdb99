import { type EvaluationContext, type FlagSnapshot, FlagsError } from '@flagstone/core'
import { checkName } from '@flagstone/core/schemas'
import type { Context } from 'hono'
import type { Action } from '../authorization/action.ts'
import { authorizeRequest } from '../authorization/authorize-request.ts'
import { PRIVATE_CACHE_HEADERS } from '../caching/cache-headers.ts'
import { isCacheable } from '../caching/cacheable-evaluation.ts'
import { type Answer, conditionalResponse } from '../caching/conditional-response.ts'
import { parseFlagConfigEtag } from '../events/flag-config-etag.ts'
import type { ResolvedOptions } from '../options/handler-options.ts'
import { jsonResponse } from '../response/json-response.ts'
import { methodNotAllowed, type Router } from '../routing/router.ts'
import { readOfrepContext } from './ofrep-context.ts'
import { type OfrepFailure, ofrepErrorResponse, ofrepFailure, ofrepStatus } from './ofrep-errors.ts'
import { type OfrepSuccess, ofrepEvaluation } from './ofrep-evaluation.ts'
import { ofrepEventStreams } from './ofrep-event-streams.ts'

const ALL_FLAGS = '/ofrep/v1/evaluate/flags'
// Also matches slashes, which some providers do not escape. Such a key gets the 404 of a flag that does not exist.
const ONE_FLAG = `${ALL_FLAGS}/:key{.+}`
const ALLOWED = 'POST, OPTIONS'
const EVALUATE = { kind: 'evaluate', operation: 'evaluate', subject: 'flag' } as const

/**
 * Adds the endpoints of OFREP 0.3, which OpenFeature's OFREP providers call. Of the query they read `flagConfigEtag` and ignore the rest.
 */
export function addOfrepRoutes({ app, fallback }: Router, options: ResolvedOptions): void {
  app.post(ONE_FLAG, (c) => evaluateOne(c, options))
  app.post(ALL_FLAGS, (c) => evaluateAll(c, options))
  for (const path of [ONE_FLAG, ALL_FLAGS]) fallback.all(path, (c) => methodNotAllowed(c, ALLOWED, options))
}

async function evaluateOne(c: Context, options: ResolvedOptions): Promise<Response> {
  const request = c.req.raw
  const key = c.req.param('key') ?? ''
  try {
    if (!isName(key)) return jsonResponse(ofrepFailure(key, 'FLAG_NOT_FOUND', 'No flag can have this key.'), 404)
    await authorizeRequest(request, { ...EVALUATE, name: key } satisfies Action, options)
    const context = await readOfrepContext(request, options)
    const snapshot = await options.flags.snapshot()
    const evaluation = snapshot.evaluate(key, context)
    const result = ofrepEvaluation(evaluation, snapshot)
    const { errorCode, errorMessage } = evaluation
    if (errorCode === undefined) return jsonResponse(result)
    const status = ofrepStatus(errorCode)
    if (status === 500) options.report(new FlagsError(errorCode, errorMessage ?? '', { flag: key }))
    return jsonResponse(result, status)
  } catch (error) {
    return ofrepErrorResponse(error, key, options.report)
  }
}

async function evaluateAll(c: Context, options: ResolvedOptions): Promise<Response> {
  const request = c.req.raw
  try {
    await authorizeRequest(request, EVALUATE, options)
    const context = await readOfrepContext(request, options)
    const snapshot = await snapshotFor(c, options)
    const { cache, eventStreamUrl } = options
    const answer = (): Answer => allFlagsAnswer(snapshot, context, eventStreamUrl)
    if (cache === undefined) return jsonResponse(answer().body)
    // Part of the tag, so that a page with the same flags still learns a new stream address.
    const keyParts = ['ofrep', JSON.stringify(context), ...(eventStreamUrl === undefined ? [] : [eventStreamUrl])]
    const conditional = { request, snapshot, keyParts, headers: PRIVATE_CACHE_HEADERS }
    return await conditionalResponse(conditional, answer)
  } catch (error) {
    return ofrepErrorResponse(error, undefined, options.report)
  }
}

/** A snapshot no older than the event that the page received, perhaps from another process. */
function snapshotFor(c: Context, { flags }: ResolvedOptions): Promise<FlagSnapshot> {
  const minVersion = parseFlagConfigEtag(c.req.query('flagConfigEtag'))
  return minVersion === undefined ? flags.snapshot() : flags.snapshot({ minVersion })
}

function allFlagsAnswer(snapshot: FlagSnapshot, context: EvaluationContext, eventStreamUrl: string | undefined): Answer {
  if (snapshot.asOf === undefined) throw new FlagsError('STORE_UNAVAILABLE', 'The flags could not be loaded.')
  const evaluations = Object.values(snapshot.evaluateAll(context))
  const flags: readonly (OfrepSuccess | OfrepFailure)[] = evaluations.map((evaluation) => ofrepEvaluation(evaluation, snapshot))
  const metadata = { version: snapshot.asOf, ...(snapshot.stale ? { stale: true } : {}) }
  const streams = eventStreamUrl === undefined ? {} : { eventStreams: ofrepEventStreams(eventStreamUrl) }
  return { body: { flags, ...streams, metadata }, tagSource: () => flags, asOf: snapshot.asOf, isCacheable: evaluations.every(isCacheable) }
}

function isName(key: string): boolean {
  try {
    return checkName(key) === key
  } catch {
    return false
  }
}
