import type { ResponseCache } from '../caching/response-cache.ts'
import type { EventBroadcaster } from '../events/event-broadcaster.ts'
import type { ResolvedOptions } from '../options/handler-options.ts'
import type { Route } from '../routing/route.ts'
import { evaluationRoutes } from './evaluation.ts'
import { eventRoutes } from './events.ts'
import { explanationRoutes } from './explanation.ts'
import { openApiRoute } from './openapi.ts'
import { recordReadRoutes } from './record-reads.ts'
import { recordWriteRoutes } from './record-writes.ts'

/** All routes except those of OFREP, which has a specification of its own. A new file in this folder is added here. */
export function allRoutes(options: ResolvedOptions, responseCache: ResponseCache, broadcaster: EventBroadcaster): readonly Route[] {
  const topics = [explanationRoutes, recordReadRoutes, recordWriteRoutes]
  const routes = [...evaluationRoutes(options, responseCache), ...topics.flatMap((topic) => topic(options)), ...eventRoutes(broadcaster)]
  return [...routes, openApiRoute(routes, options)]
}
