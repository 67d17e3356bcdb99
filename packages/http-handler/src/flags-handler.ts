import type { FlagSchema } from '@flagstone/core'
import { addOfrep } from './ofrep/ofrep.ts'
import { type HandlerOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { problemOf } from './problems.ts'
import { router } from './router.ts'
import { routesOf } from './routes/index.ts'

/** Fetch-standard: mounts wherever a `Request` can be had. Never rejects. */
export type Handler = (request: Request) => Promise<Response>

/**
 * Flags over HTTP. Without `authorize` it refuses everything with a 403, and says so once in a process warning, unless evaluation is
 * `public`. It opens nothing and holds nothing open; the client that it is given stays the caller's to close.
 *
 * Throws `INVALID_OPTIONS`, naming the option.
 */
export function flagsHandler<const S extends FlagSchema = FlagSchema>(options: HandlerOptions<S>): Handler {
  const resolved = resolveOptions(options)
  warnOfRefusal(resolved)
  const app = router(routesOf(resolved), resolved)
  addOfrep(app, resolved)
  return async (request) => {
    try {
      return await app.fetch(request)
    } catch (error) {
      return problemOf(error, 'The request', resolved.report)
    }
  }
}

function warnOfRefusal({ authorize, isEvaluationPublic }: ResolvedOptions): void {
  if (authorize !== undefined || isEvaluationPublic) return
  process.emitWarning("flagsHandler() refuses every request: give it the option authorize, or public: 'evaluate'.", {
    code: 'FLAGSTONE_REFUSES_ALL',
  })
}
