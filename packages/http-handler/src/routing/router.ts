import { checkName } from '@flagstone/core/schemas'
import { type Context, Hono } from 'hono'
import type { Action } from '../authorization/action.ts'
import { authorizeRequest } from '../authorization/authorize-request.ts'
import type { ResolvedOptions } from '../options/handler-options.ts'
import { parseQuery } from '../request/query.ts'
import { HttpError } from '../response/http-error.ts'
import { problemResponse } from '../response/problem-response.ts'
import { corsMiddleware } from './cors.ts'
import type { Route } from './route.ts'

/** Hono is fastest if each path has a single handler: so `app` has the routes, and `fallback` the responses to all other methods and paths. */
export interface Router {
  readonly app: Hono
  /** Called for what `app` has no route for. */
  readonly fallback: Hono
}

/** Makes a router of the routes. It checks the name, authorizes the action and parses the query; anything that is no route gets a problem response. */
export function createRouter(routes: readonly Route[], options: ResolvedOptions): Router {
  const app = new Hono().basePath(options.basePath)
  const fallback = new Hono().basePath(options.basePath)
  if (options.origins.length > 0) app.use(corsMiddleware(options.origins))
  for (const route of routes) app.on(route.method, pattern(route.path), routeHandler(route, options))
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = allowedFor(routes.filter((route) => route.path === path))
    fallback.all(pattern(path), (c) => methodNotAllowed(c, allowed, options))
  }
  app.notFound((c) => fallback.fetch(c.req.raw))
  app.onError((error, c) => problemResponse(error, requestLabel(c), options.report))
  fallback.notFound((c) => problemResponse(routeNotFound(c, options), requestLabel(c), options.report))
  return { app, fallback }
}

function routeHandler(route: Route, options: ResolvedOptions): (c: Context) => Promise<Response> {
  const hasName = route.path.includes('{name}')
  const known = route.query.map(({ name }) => name)
  return async (c) => {
    const request = c.req.raw
    try {
      const name = hasName ? checkName(c.req.param('name')) : ''
      const { actor } = await authorizeRequest(request, actionOf(route, name), options)
      return await route.answer({ request, name, actor, query: parseQuery(request.url, known) })
    } catch (error) {
      return problemResponse(error, `${route.method} ${route.path}`, options.report)
    }
  }
}

function actionOf({ action }: Route, name: string): Action {
  return name === '' ? action : { ...action, name }
}

/** Hono answers HEAD like GET, without the body. */
function allowedFor(routes: readonly Route[]): string {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, 'OPTIONS'].join(', ')
}

/** The response to OPTIONS, and to a method that the path does not have. `allowed` lists those that it has. */
export function methodNotAllowed(c: Context, allowed: string, { report }: ResolvedOptions): Response {
  if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { Allow: allowed } })
  const refusal = new HttpError('METHOD_NOT_ALLOWED', `${c.req.method} is not allowed on this path. Allowed: ${allowed}.`, {
    Allow: allowed,
  })
  return problemResponse(refusal, requestLabel(c), report)
}

/** The message quotes the path as it arrived, because a server in front may have stripped part of it, or kept too much. */
function routeNotFound({ req }: Context, { basePath }: ResolvedOptions): HttpError {
  const arrived = JSON.stringify(req.path.slice(0, 100))
  return new HttpError(
    'ROUTE_NOT_FOUND',
    `No route has the path ${arrived}, as it arrived here. Routes begin at ${basePath}/ (option basePath).`,
  )
}

function pattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function requestLabel(c: Context): string {
  return `${c.req.method} request`
}
