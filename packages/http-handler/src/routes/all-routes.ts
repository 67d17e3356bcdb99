import type { KeptAnswers } from '../caching/response-cache.ts'
import type { EventStreams } from '../events/event-broadcaster.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Route } from '../routing/route.ts'
import { evaluationRoutes } from './evaluation.ts'
import { eventRoutes } from './events.ts'
import { explanationRoutes } from './explanation.ts'
import { documentRoute } from './openapi.ts'
import { recordRoutes } from './record-reads.ts'
import { changeRoutes } from './record-writes.ts'

/** Everything that can be asked, but for OFREP, which has a description of its own. A topic is a file here, and a line. */
export function routesOf(options: ResolvedOptions, answers: KeptAnswers, streams: EventStreams): readonly Route[] {
  const topics = [explanationRoutes, recordRoutes, changeRoutes]
  const routes = [...evaluationRoutes(options, answers), ...topics.flatMap((topic) => topic(options)), ...eventRoutes(streams)]
  return [...routes, documentRoute(routes, options)]
}
