import { BEFORE_LISTENING } from '../events/event-id.ts'

/** OFREP's `eventStream`: an absolute URL, or a path at the origin that the provider asks. */
export type OfrepEventStream =
  | { readonly type: 'sse'; readonly url: string }
  | { readonly type: 'sse'; readonly endpoint: { readonly requestUri: string } }

/**
 * Where a page may listen instead of polling. The address is the same in every answer, or providers would connect anew with each. Whoever comes
 * by it for the first time is told to ask again, so that nothing is missed between the answer and the connection.
 */
export function ofrepEventStreams(eventStreamUrl: string): readonly OfrepEventStream[] {
  const address = `${eventStreamUrl}?last_event_id=${BEFORE_LISTENING}`
  return [{ type: 'sse', ...(address.startsWith('/') ? { endpoint: { requestUri: address } } : { url: address }) }]
}
