import type { ResolvedOptions } from '../options.ts'
import type { Route } from '../route.ts'
import { changeRoutes } from './changes.ts'
import { documentRoute } from './document.ts'
import { evaluationRoutes } from './evaluation.ts'
import { explanationRoutes } from './explanation.ts'
import { recordRoutes } from './records.ts'

/** Everything that can be asked. A topic is a file here, and a line. */
export function routesOf(options: ResolvedOptions): readonly Route[] {
  const routes = [evaluationRoutes, explanationRoutes, recordRoutes, changeRoutes].flatMap((topic) => topic(options))
  return [...routes, documentRoute(routes, options)]
}
