import { segmentNameOf } from '@flagstone/core/adapter'
import { eventIdOf } from './event-id.ts'
import { tokenOf } from './flag-config-etag.ts'
import type { Entry, Place } from './log-entry.ts'

/**
 * OFREP's word for "ask again"; whoever reads events by OFREP passes over types that it does not know. Its `etag` comes back as `flagConfigEtag`
 * with the request that follows.
 */
const ASK_AGAIN = 'refetchEvaluation'

/** A comment, so that neither side, nor what is between them, takes the connection for dead. */
export const HEARTBEAT = ':\n\n'

/** How long a client waits before it comes back, in milliseconds. */
export function retryText(ms: number): string {
  return `retry: ${ms}\n\n`
}

/** From this place on, every change is told. */
export function connectedText(place: Place): string {
  return eventText(place, { type: 'connected', version: place.version })
}

/** One flag or segment changed. */
export function changeText(entry: Entry): string {
  const segment = segmentNameOf(entry.flag)
  const what = segment === undefined ? { flag: entry.flag } : { segment }
  return eventText(entry, { type: ASK_AGAIN, etag: tokenOf(entry.version), ...what, version: entry.version })
}

/** Which flags and segments changed since the client was here last cannot be told: it has to ask for everything again. */
export function everythingText(place: Place): string {
  return eventText(place, { type: ASK_AGAIN, etag: tokenOf(place.version), version: place.version })
}

// JSON has no bare line break, and an id is checked for its letters: nothing that is stored can begin another line.
function eventText(place: Place, data: object): string {
  return `id: ${eventIdOf(place)}\ndata: ${JSON.stringify(data)}\n\n`
}
