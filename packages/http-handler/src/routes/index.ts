import type { KeptAnswers } from '../caching/kept-answers.ts'
import type { EventStreams } from '../events/event-streams.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Route } from '../route.ts'
import { changeRoutes } from './changes.ts'
import { documentRoute } from './document.ts'
import { evaluationRoutes } from './evaluation.ts'
import { eventRoutes } from './events.ts'
import { explanationRoutes } from './explanation.ts'
import { recordRoutes } from './records.ts'

/** Everything that can be asked, but for OFREP, which has a description of its own. A topic is a file here, and a line. */
export function routesOf(options: ResolvedOptions, answers: KeptAnswers, streams: EventStreams): readonly Route[] {
  const topics = [explanationRoutes, recordRoutes, changeRoutes]
  const routes = [...evaluationRoutes(options, answers), ...topics.flatMap((topic) => topic(options)), ...eventRoutes(streams)]
  return [...routes, documentRoute(routes, options)]
}
