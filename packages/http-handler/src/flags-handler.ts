import type { FlagSchema } from '@flagstone/core'
import { ResponseCache } from './caching/response-cache.ts'
import { EventBroadcaster } from './events/event-broadcaster.ts'
import { addOfrepRoutes } from './ofrep/ofrep-routes.ts'
import { type HandlerOptions, type ResolvedOptions, resolveOptions } from './options/handler-options.ts'
import { problemResponse } from './response/problem-response.ts'
import { allRoutes } from './routes/all-routes.ts'
import { createRouter } from './routing/router.ts'

/** Takes a fetch-standard `Request` and resolves with a `Response`. Never rejects. */
export interface Handler {
  (request: Request): Promise<Response>
  /**
   * Ends every event stream and stops listening to the flags. Call it before a server waits for its connections to end. `/events` is refused
   * from then on; all other routes still answer.
   */
  close(): void
}

/**
 * Serves flags over HTTP. Without `authorize` it refuses every request with a 403 and emits one process warning, unless evaluation is `public`.
 * It opens no connections. The caller closes the client that it passes in; event streams then end with their next heartbeat. `close()` ends
 * them at once.
 *
 * Throws `INVALID_OPTIONS`, naming the option.
 */
export function flagsHandler<const S extends FlagSchema = FlagSchema>(options: HandlerOptions<S>): Handler {
  const resolved = resolveOptions(options)
  warnIfAllIsRefused(resolved)
  const broadcaster = new EventBroadcaster(resolved)
  const responseCache = new ResponseCache(resolved.flags, resolved.clock)
  const { app, fallback } = createRouter(allRoutes(resolved, responseCache, broadcaster), resolved)
  addOfrepRoutes({ app, fallback }, resolved)
  // Cached responses are served before routing only if no `authorize` call and no CORS header could change them.
  const canSkipRouting = resolved.isEvaluationPublic && resolved.origins.length === 0
  const handle = async (request: Request): Promise<Response> => {
    try {
      return (canSkipRouting ? await responseCache.get(request) : undefined) ?? (await app.fetch(request))
    } catch (error) {
      return problemResponse(error, 'The request', resolved.report)
    }
  }
  return Object.assign(handle, { close: () => broadcaster.close() })
}

function warnIfAllIsRefused({ authorize, isEvaluationPublic }: ResolvedOptions): void {
  if (authorize !== undefined || isEvaluationPublic) return
  process.emitWarning("flagsHandler() refuses every request: give it the option authorize, or public: 'evaluate'.", {
    code: 'FLAGSTONE_REFUSES_ALL',
  })
}
