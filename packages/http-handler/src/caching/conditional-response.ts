import type { FlagSnapshot } from '@flagstone/core'
import { json, jsonHeaders } from '../response/json-response.ts'
import { entityTag, isHeld } from './entity-tag.ts'

/** What is asked, and what decides whether an answer to it still holds. */
export interface Question {
  readonly request: Request
  /** Taken before the evaluation, which then is never older than what the tag says. `undefined`: there is none. */
  readonly snapshot: FlagSnapshot | undefined
  /** All that the answer follows from, beside the flags and time. */
  readonly asks: readonly string[]
  /** What caches may do with the answer. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Found {
  readonly body: unknown
  /** What of the body makes another answer of it; asked for where time has a say. */
  readonly essence: () => unknown
  /** The version that it is as of. */
  readonly asOf: number | undefined
  /** Whether it is what the flags say: not a stand-in, not a default because they cannot be known. */
  readonly isSure: boolean
}

/** An answer that holds until the flags change. */
export interface Kept {
  readonly text: string
  readonly tag: string
  /** All that the answer says of itself. */
  readonly headers: Readonly<Record<string, string>>
  /** Of that, what caches may do with it. */
  readonly caching: Readonly<Record<string, string>>
}

/**
 * Answers what `find` finds, or with a 304 where the client has it. `find` is called only where the flags alone do not decide that. `keep` is
 * handed what holds until they change.
 */
export async function conditional(question: Question, find: () => Found | Promise<Found>, keep?: (kept: Kept) => void): Promise<Response> {
  const { request, asks, snapshot, headers: caching } = question
  const early = isDecidedByFlags(snapshot) ? entityTag('flags', ...asks, snapshot.revision) : undefined
  if (early !== undefined && isHeld(early, request)) return notModified(early, caching)
  const { body, essence, asOf = Number.POSITIVE_INFINITY, isSure } = await find()
  // What is newer than the snapshot is no answer for its tag: after a restore that tag may stand for the old one again.
  if (!isSure || snapshot?.stale !== false || asOf > (snapshot.asOf ?? 0)) return json(body)
  const tag = early ?? entityTag('body', ...asks, JSON.stringify(essence()))
  if (early === undefined && isHeld(tag, request)) return notModified(tag, caching)
  const kept = { text: JSON.stringify(body), tag, headers: jsonHeaders({ ETag: tag, ...caching }), caching }
  if (early !== undefined) keep?.(kept)
  return new Response(kept.text, { headers: kept.headers })
}

/** Whether nothing but a change makes another answer: time has no say, and it is known well which flags there are. */
function isDecidedByFlags(snapshot: FlagSnapshot | undefined): snapshot is FlagSnapshot & { readonly revision: string } {
  return snapshot?.revision !== undefined && !snapshot.stale && !snapshot.timed
}

/** The answer to a client that has the right one. */
export function notModified(tag: string, headers: Readonly<Record<string, string>>): Response {
  return new Response(null, { status: 304, headers: { ETag: tag, ...headers } })
}
