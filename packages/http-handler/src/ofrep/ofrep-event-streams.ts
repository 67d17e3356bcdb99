import { BEFORE_LISTENING } from '../events/event-id.ts'

/** OFREP's `eventStream`: an absolute URL, or a path at the origin that the provider asks. */
export type OfrepEventStream =
  | { readonly type: 'sse'; readonly url: string }
  | { readonly type: 'sse'; readonly endpoint: { readonly requestUri: string } }

/**
 * The stream that a page may listen to instead of polling. Its address is the same in every response, because providers reconnect when it
 * changes. A client that connects to it for the first time is told to fetch again, so that it misses no change between response and connection.
 */
export function ofrepEventStreams(eventStreamUrl: string): readonly OfrepEventStream[] {
  const address = `${eventStreamUrl}?last_event_id=${BEFORE_LISTENING}`
  return [{ type: 'sse', ...(address.startsWith('/') ? { endpoint: { requestUri: address } } : { url: address }) }]
}
