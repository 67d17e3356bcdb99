import type { FlagSchema } from '@flagstone/core'
import { KeptAnswers } from './caching/response-cache.ts'
import { EventStreams } from './events/event-broadcaster.ts'
import { addOfrep } from './ofrep/ofrep-routes.ts'
import { type HandlerOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { problemOf } from './response/problem-response.ts'
import { routesOf } from './routes/all-routes.ts'
import { routing } from './routing/router.ts'

/** Fetch-standard: mounts wherever a `Request` can be had. Never rejects. */
export interface Handler {
  (request: Request): Promise<Response>
  /**
   * Ends every stream of events, and the handler's interest in the flags. Call it before a server waits for its connections to end. Everything
   * but `/events` is still answered.
   */
  close(): void
}

/**
 * Flags over HTTP. Without `authorize` it refuses everything with a 403, and says so once in a process warning, unless evaluation is
 * `public`. It opens nothing of its own; the client that it is given stays the caller's to close. Where that is closed, streams of events end with
 * their next heartbeat, and at once with `close()`.
 *
 * Throws `INVALID_OPTIONS`, naming the option.
 */
export function flagsHandler<const S extends FlagSchema = FlagSchema>(options: HandlerOptions<S>): Handler {
  const resolved = resolveOptions(options)
  warnOfRefusal(resolved)
  const streams = new EventStreams(resolved)
  const answers = new KeptAnswers(resolved.flags, resolved.clock)
  const { app, others } = routing(routesOf(resolved, answers, streams), resolved)
  addOfrep({ app, others }, resolved)
  // Where nobody has to be asked first, and a page's origin makes no other answer.
  const isForAll = resolved.isEvaluationPublic && resolved.origins.length === 0
  const answer = async (request: Request): Promise<Response> => {
    try {
      return (isForAll ? await answers.again(request) : undefined) ?? (await app.fetch(request))
    } catch (error) {
      return problemOf(error, 'The request', resolved.report)
    }
  }
  return Object.assign(answer, { close: () => streams.close() })
}

function warnOfRefusal({ authorize, isEvaluationPublic }: ResolvedOptions): void {
  if (authorize !== undefined || isEvaluationPublic) return
  process.emitWarning("flagsHandler() refuses every request: give it the option authorize, or public: 'evaluate'.", {
    code: 'FLAGSTONE_REFUSES_ALL',
  })
}
