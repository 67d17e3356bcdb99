import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

/** Lets pages of these origins read responses; `'*'` stands for all origins. */
export function corsMiddleware(origins: readonly string[]): MiddlewareHandler {
  const share = cors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'Last-Event-ID', 'X-API-Key'],
    exposeHeaders: ['ETag', 'Location', 'Retry-After', 'WWW-Authenticate'],
    maxAge: 600,
  })
  return async (c, next) => {
    // An OPTIONS request that is not a preflight is answered with the methods of the path.
    const asksForMethods = c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') === undefined
    return asksForMethods ? await next() : await share(c, next)
  }
}
