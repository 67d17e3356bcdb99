import { type EvaluationContext, type FlagSnapshot, FlagsError } from '@flagstone/core'
import { checkName } from '@flagstone/core/schemas'
import type { Context } from 'hono'
import type { Action } from '../authorization/action.ts'
import { allow } from '../authorization/authorize-request.ts'
import { PRIVATE } from '../caching/cache-headers.ts'
import { isSure } from '../caching/cacheable-evaluation.ts'
import { conditional, type Found } from '../caching/conditional-response.ts'
import { versionOf } from '../events/flag-config-etag.ts'
import type { ResolvedOptions } from '../options.ts'
import { json } from '../response/json-response.ts'
import { otherMethod, type Routing } from '../routing/router.ts'
import { contextOf } from './ofrep-context.ts'
import { failureOf, type OfrepFailure, ofrepErrorOf, statusOf } from './ofrep-errors.ts'
import { type OfrepSuccess, ofrepAnswer } from './ofrep-evaluation.ts'
import { ofrepEventStreams } from './ofrep-event-streams.ts'

const ALL = '/ofrep/v1/evaluate/flags'
// Slashes too: some providers do not escape them, and no flag's name has one.
const ONE = `${ALL}/:key{.+}`
const ALLOWED = 'POST, OPTIONS'
const EVALUATE = { kind: 'evaluate', operation: 'evaluate', subject: 'flag' } as const

/**
 * Adds the endpoints of OFREP 0.3, by which any OpenFeature provider for OFREP asks. Their query is the host's: of it they look at
 * `flagConfigEtag` alone.
 */
export function addOfrep({ app, others }: Routing, options: ResolvedOptions): void {
  app.post(ONE, (c) => answerOne(c, options))
  app.post(ALL, (c) => answerAll(c, options))
  for (const path of [ONE, ALL]) others.all(path, (c) => otherMethod(c, ALLOWED, options))
}

async function answerOne(c: Context, options: ResolvedOptions): Promise<Response> {
  const request = c.req.raw
  const key = c.req.param('key') ?? ''
  try {
    if (!isName(key)) return json(failureOf(key, 'FLAG_NOT_FOUND', 'No flag can have this key.'), 404)
    await allow(request, { ...EVALUATE, name: key } satisfies Action, options)
    const context = await contextOf(request, options)
    const snapshot = await options.flags.snapshot()
    const evaluation = snapshot.evaluate(key, context)
    const answer = ofrepAnswer(evaluation, snapshot)
    const { errorCode, errorMessage } = evaluation
    if (errorCode === undefined) return json(answer)
    const status = statusOf(errorCode)
    if (status === 500) options.report(new FlagsError(errorCode, errorMessage ?? '', { flag: key }))
    return json(answer, status)
  } catch (error) {
    return ofrepErrorOf(error, key, options.report)
  }
}

async function answerAll(c: Context, options: ResolvedOptions): Promise<Response> {
  const request = c.req.raw
  try {
    await allow(request, EVALUATE, options)
    const context = await contextOf(request, options)
    const snapshot = await snapshotFor(c, options)
    const { cache, eventStreamUrl } = options
    const find = (): Found => all(snapshot, context, eventStreamUrl)
    if (cache === undefined) return json(find().body)
    // A page that has the same flags, but not where to listen, is to be told.
    const asks = ['ofrep', JSON.stringify(context), ...(eventStreamUrl === undefined ? [] : [eventStreamUrl])]
    const question = { request, snapshot, asks, headers: PRIVATE }
    return await conditional(question, find)
  } catch (error) {
    return ofrepErrorOf(error, undefined, options.report)
  }
}

/** No older than the event that the page has heard, which may have been another process's. */
function snapshotFor(c: Context, { flags }: ResolvedOptions): Promise<FlagSnapshot> {
  const minVersion = versionOf(c.req.query('flagConfigEtag'))
  return minVersion === undefined ? flags.snapshot() : flags.snapshot({ minVersion })
}

function all(snapshot: FlagSnapshot, context: EvaluationContext, eventStreamUrl: string | undefined): Found {
  if (snapshot.asOf === undefined) throw new FlagsError('STORE_UNAVAILABLE', 'No flags could be loaded to answer all of them.')
  const evaluations = Object.values(snapshot.evaluateAll(context))
  const flags: readonly (OfrepSuccess | OfrepFailure)[] = evaluations.map((evaluation) => ofrepAnswer(evaluation, snapshot))
  const metadata = { version: snapshot.asOf, ...(snapshot.stale ? { stale: true } : {}) }
  const streams = eventStreamUrl === undefined ? {} : { eventStreams: ofrepEventStreams(eventStreamUrl) }
  return { body: { flags, ...streams, metadata }, essence: () => flags, asOf: snapshot.asOf, isSure: evaluations.every(isSure) }
}

function isName(key: string): boolean {
  try {
    return checkName(key) === key
  } catch {
    return false
  }
}
