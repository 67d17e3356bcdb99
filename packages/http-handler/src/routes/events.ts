import type { EventStreams } from '../events/event-broadcaster.ts'
import { placeOf } from '../events/event-id.ts'
import type { Place } from '../events/log-entry.ts'
import { assertPresent } from '../request/aborted-request.ts'
import { LAST_EVENT_ID } from '../routing/query-parameters.ts'
import type { Asked, Route } from '../routing/route.ts'

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Content-Type-Options': 'nosniff',
  // nginx would keep events back until it has a buffer full of them.
  'X-Accel-Buffering': 'no',
}

/** `GET /events`: that flags and segments change, by name and version, as server-sent events. */
export function eventRoutes(streams: EventStreams): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/events',
      action: { kind: 'evaluate', operation: 'events', subject: 'flag' },
      query: [LAST_EVENT_ID],
      text: {
        id: 'streamEvents',
        summary: 'That flags and segments change, by name and version, as they do. `Last-Event-ID` goes on where a stream was left.',
        success: { status: 200, description: 'Server-sent events.', type: 'text/event-stream', schema: { type: 'string' } },
        takesLastEventId: true,
        isStoreless: true,
        problems: ['REQUEST_ABORTED', 'CLOSED'],
      },
      async answer(asked) {
        const { method, signal } = asked.request
        const body = method === 'HEAD' ? null : await streams.open(from(asked), signal)
        assertPresent(asked.request)
        return new Response(body, { headers: HEADERS })
      },
    },
  ]
}

/** The header is newer: an `EventSource` comes back with it to the same URL. */
function from({ request, query }: Asked): Place | 'here' | 'nowhere' {
  const eventId = request.headers.get('last-event-id') || query.text('last_event_id')
  return eventId ? (placeOf(eventId) ?? 'nowhere') : 'here'
}
