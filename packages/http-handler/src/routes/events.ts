import type { EventBroadcaster } from '../events/event-broadcaster.ts'
import { parseEventId } from '../events/event-id.ts'
import type { LogPosition } from '../events/log-entry.ts'
import { assertNotAborted } from '../request/aborted-request.ts'
import { LAST_EVENT_ID } from '../routing/query-parameters.ts'
import type { Route, RouteRequest } from '../routing/route.ts'

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Content-Type-Options': 'nosniff',
  // Otherwise nginx holds events back until its buffer is full.
  'X-Accel-Buffering': 'no',
}

/** `GET /events`: the names and versions of flags and segments that change, as server-sent events. */
export function eventRoutes(broadcaster: EventBroadcaster): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/events',
      action: { kind: 'evaluate', operation: 'events', subject: 'flag' },
      query: [LAST_EVENT_ID],
      description: {
        id: 'streamEvents',
        summary:
          'Sends the name and version of each flag or segment that changes. With `Last-Event-ID` the stream continues after that event.',
        success: { status: 200, description: 'Server-sent events.', type: 'text/event-stream', schema: { type: 'string' } },
        takesLastEventId: true,
        isStoreless: true,
        problems: ['REQUEST_ABORTED', 'CLOSED'],
      },
      async answer(routeRequest) {
        const { method, signal } = routeRequest.request
        const body = method === 'HEAD' ? null : await broadcaster.open(startPosition(routeRequest), signal)
        assertNotAborted(routeRequest.request)
        return new Response(body, { headers: HEADERS })
      },
    },
  ]
}

/** The header counts first, because an `EventSource` reconnects to the same URL with a newer header. */
function startPosition({ request, query }: RouteRequest): LogPosition | 'latest' | 'unknown' {
  const eventId = request.headers.get('last-event-id') || query.text('last_event_id')
  return eventId ? (parseEventId(eventId) ?? 'unknown') : 'latest'
}
