import { checkName } from '@flagstone/core/schemas'
import { type Context, Hono } from 'hono'
import type { Action } from '../authorization/action.ts'
import { allow } from '../authorization/authorize-request.ts'
import type { ResolvedOptions } from '../options.ts'
import { queryOf } from '../request/query.ts'
import { Refusal } from '../response/http-error.ts'
import { problemOf } from '../response/problem-response.ts'
import { crossOrigin } from './cors.ts'
import type { Route } from './route.ts'

/** What a request is looked up in. Hono is fastest where a path has one handler alone: so it has those of the right methods, and `others` the rest. */
export interface Routing {
  readonly app: Hono
  /** Asked where `app` has nothing. */
  readonly others: Hono
}

/** Puts routes together: each with its method and name checked and its action allowed, and a problem for whatever is none of them. */
export function routing(routes: readonly Route[], options: ResolvedOptions): Routing {
  const app = new Hono().basePath(options.basePath)
  const others = new Hono().basePath(options.basePath)
  if (options.origins.length > 0) app.use(crossOrigin(options.origins))
  for (const route of routes) app.on(route.method, pattern(route.path), answerer(route, options))
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = allowedFor(routes.filter((route) => route.path === path))
    others.all(pattern(path), (c) => otherMethod(c, allowed, options))
  }
  app.notFound((c) => others.fetch(c.req.raw))
  app.onError((error, c) => problemOf(error, nameOf(c), options.report))
  others.notFound((c) => problemOf(nowhere(c, options), nameOf(c), options.report))
  return { app, others }
}

function answerer(route: Route, options: ResolvedOptions): (c: Context) => Promise<Response> {
  const isNamed = route.path.includes('{name}')
  const known = route.query.map(({ name }) => name)
  return async (c) => {
    const request = c.req.raw
    try {
      const name = isNamed ? checkName(c.req.param('name')) : ''
      const { actor } = await allow(request, actionOf(route, name), options)
      return await route.answer({ request, name, actor, query: queryOf(request.url, known) })
    } catch (error) {
      return problemOf(error, `${route.method} ${route.path}`, options.report)
    }
  }
}

function actionOf({ action }: Route, name: string): Action {
  return name === '' ? action : { ...action, name }
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

/** Says which path arrived: a server may have taken part of it off, or left it on. */
function nowhere({ req }: Context, { basePath }: ResolvedOptions): Refusal {
  const arrived = JSON.stringify(req.path.slice(0, 100))
  return new Refusal(
    'ROUTE_NOT_FOUND',
    `There is nothing at ${arrived}, as it arrived here: routes begin at ${basePath}/ (option basePath).`,
  )
}

function pattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function nameOf(c: Context): string {
  return `${c.req.method} request`
}
