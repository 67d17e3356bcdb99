import type { FlagSnapshot } from '@flagstone/core'
import { json } from '../answers.ts'
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
  /** What of the body makes another answer of it. Default: all of it. */
  readonly essence?: unknown
  /** Whether it is what the flags say: not a stand-in, not a default because they cannot be known. */
  readonly isSure: boolean
}

/** Answers what `find` finds, or with a 304 where the client has it. `find` is called only where the flags alone do not decide that. */
export async function conditional(question: Question, find: () => Found | Promise<Found>): Promise<Response> {
  const { request, headers } = question
  const early = tagByFlags(question)
  if (early !== undefined && isHeld(early, request)) return notModified(early, headers)
  const { body, essence = body, isSure } = await find()
  if (!isSure) return json(body)
  const tag = early ?? entityTag('body', ...question.asks, JSON.stringify(essence))
  return early === undefined && isHeld(tag, request) ? notModified(tag, headers) : json(body, 200, { ETag: tag, ...headers })
}

/** `undefined` where time has a say as well, or where it is not known well enough which flags there are. */
function tagByFlags({ snapshot, asks }: Question): string | undefined {
  if (snapshot?.revision === undefined || snapshot.stale || snapshot.timed) return undefined
  return entityTag('flags', ...asks, snapshot.revision)
}

function notModified(tag: string, headers: Readonly<Record<string, string>>): Response {
  return new Response(null, { status: 304, headers: { ETag: tag, ...headers } })
}
