import type { FlagSnapshot } from '@flagstone/core'
import { jsonHeaders, jsonResponse } from '../response/json-response.ts'
import { entityTag, matchesIfNoneMatch } from './entity-tag.ts'

/** A request for flags, and what its response depends on. */
export interface ConditionalRequest {
  readonly request: Request
  /** Taken before the evaluation, so that the response is never older than its tag. `undefined`: the client is closed. */
  readonly snapshot: FlagSnapshot | undefined
  /** Everything that the response depends on, except flags and time. */
  readonly keyParts: readonly string[]
  /** The cache headers of the response. */
  readonly headers: Readonly<Record<string, string>>
}

/** A response body, and whether it may have an entity tag. */
export interface Answer {
  readonly body: unknown
  /** The part of the body that the tag is made from if the response also depends on time. */
  readonly tagSource: () => unknown
  /** The store's version that the body is as of. */
  readonly asOf: number | undefined
  /** Whether the body follows from the flags: not from a stale value, and not a default because they could not be read. */
  readonly isCacheable: boolean
}

/** A response that stays current until the flags change. */
export interface CachedResponse {
  readonly text: string
  readonly entityTag: string
  /** All headers of the response. */
  readonly headers: Readonly<Record<string, string>>
  /** Those of them that a 304 repeats. */
  readonly cacheHeaders: Readonly<Record<string, string>>
}

/**
 * Resolves with the response to what `evaluate` returns, or with a 304 if the client has it. `evaluate` is not called if the flags alone show
 * that the client's response is current. `store` is given a response that stays current until the flags change.
 */
export async function conditionalResponse(
  conditional: ConditionalRequest,
  evaluate: () => Answer | Promise<Answer>,
  store?: (response: CachedResponse) => void,
): Promise<Response> {
  const { request, keyParts, snapshot, headers: cacheHeaders } = conditional
  const flagsTag = dependsOnFlagsOnly(snapshot) ? entityTag('flags', ...keyParts, snapshot.revision) : undefined
  if (flagsTag !== undefined && matchesIfNoneMatch(flagsTag, request)) return notModified(flagsTag, cacheHeaders)
  const { body, tagSource, asOf = Number.POSITIVE_INFINITY, isCacheable } = await evaluate()
  // A body newer than the snapshot must not get the snapshot's tag: after a restore that tag would stand for the old body again.
  if (!isCacheable || snapshot?.stale !== false || asOf > (snapshot.asOf ?? 0)) return jsonResponse(body)
  const tag = flagsTag ?? entityTag('body', ...keyParts, JSON.stringify(tagSource()))
  if (flagsTag === undefined && matchesIfNoneMatch(tag, request)) return notModified(tag, cacheHeaders)
  const response = { text: JSON.stringify(body), entityTag: tag, headers: jsonHeaders({ ETag: tag, ...cacheHeaders }), cacheHeaders }
  if (flagsTag !== undefined) store?.(response)
  return new Response(response.text, { headers: response.headers })
}

/** Whether only a change of flags changes the response: no flag depends on time, and the snapshot is not stale. */
function dependsOnFlagsOnly(snapshot: FlagSnapshot | undefined): snapshot is FlagSnapshot & { readonly revision: string } {
  return snapshot?.revision !== undefined && !snapshot.stale && !snapshot.timed
}

/** The response to a client that has the current one. */
export function notModified(tag: string, headers: Readonly<Record<string, string>>): Response {
  return new Response(null, { status: 304, headers: { ETag: tag, ...headers } })
}
