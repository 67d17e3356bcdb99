import { checkName } from '@flagstone/core/schemas'
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { type Action, allow } from './authorization.ts'
import type { ResolvedOptions } from './options.ts'
import { problemOf, Refusal } from './problems.ts'
import { queryOf } from './query.ts'
import type { Route } from './route.ts'

/** Puts routes together: each with its method and name checked and its action allowed, and a problem for whatever is none of them. */
export function router(routes: readonly Route[], options: ResolvedOptions): Hono {
  const app = new Hono().basePath(options.basePath)
  if (options.origins.length > 0) app.use(crossOrigin(options.origins))
  for (const route of routes) {
    const known = route.query.map(({ name }) => name)
    app.on(route.method, pattern(route.path), (c) => answer(route, c, known, options))
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = allowedFor(routes.filter((route) => route.path === path))
    app.all(pattern(path), (c) => otherMethod(c, allowed, options))
  }
  app.notFound((c) => problemOf(new Refusal('ROUTE_NOT_FOUND', 'There is nothing at this path.'), nameOf(c), options.report))
  app.onError((error, c) => problemOf(error, nameOf(c), options.report))
  return app
}

async function answer(route: Route, c: Context, known: readonly string[], options: ResolvedOptions): Promise<Response> {
  const request = c.req.raw
  try {
    const isNamed = route.path.includes('{name}')
    const name = isNamed ? checkName(c.req.param('name')) : ''
    const action: Action = isNamed ? { ...route.action, name } : route.action
    const { actor } = await allow(request, action, options)
    return await route.answer({ request, name, actor, query: queryOf(request.url, known) })
  } catch (error) {
    return problemOf(error, `${route.method} ${route.path}`, options.report)
  }
}

/** Hono answers HEAD as GET, without the body. */
function allowedFor(routes: readonly Route[]): string {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, 'OPTIONS'].join(', ')
}

/** The answer to a method that the path does not have: `allowed` names those that it has. */
export function otherMethod(c: Context, allowed: string, { report }: ResolvedOptions): Response {
  if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { Allow: allowed } })
  const refusal = new Refusal('METHOD_NOT_ALLOWED', `${c.req.method} is not for this path; ${allowed} are.`, { Allow: allowed })
  return problemOf(refusal, nameOf(c), report)
}

function crossOrigin(origins: readonly string[]): ReturnType<typeof cors> {
  const share = cors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'Last-Event-ID', 'X-API-Key'],
    exposeHeaders: ['ETag', 'Location', 'Retry-After'],
    maxAge: 600,
  })
  return async (c, next) => {
    // An OPTIONS that is no preflight asks for what the path allows.
    const asksForMethods = c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') === undefined
    return asksForMethods ? await next() : await share(c, next)
  }
}

function pattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function nameOf(c: Context): string {
  return `${c.req.method} request`
}
