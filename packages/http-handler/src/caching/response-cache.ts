import type { Clock, FlagSnapshot, Flags } from '@flagstone/core'
import { type CachedResponse, notModified } from './conditional-response.ts'
import { currentSnapshot } from './current-snapshot.ts'
import { matchesIfNoneMatch } from './entity-tag.ts'

/** Bounded, so that a flag that is requested all the time is still evaluated now and then, and counted as used. */
const MAX_AGE_MS = 60_000
const MAX_RESPONSES = 10_000
/** Of all URLs and bodies together: ten megabytes at two bytes a character. */
const MAX_CHARACTERS = 5_000_000
/** Of one response; a longer one is not cached. */
const MAX_URL = 500
const MAX_BODY = 10_000

/**
 * Responses by URL, all of one snapshot: a repeated request costs no evaluation. None is served once there is another snapshot, or after a
 * minute; all are dropped when the first response of the next snapshot is stored.
 */
export class ResponseCache {
  readonly #flags: Flags
  readonly #clock: Clock
  readonly #responses = new Map<string, CachedResponse>()
  #snapshot: FlagSnapshot | undefined
  #until = Number.NEGATIVE_INFINITY
  #characters = 0

  constructor(flags: Flags, clock: Clock) {
    this.#flags = flags
    this.#clock = clock
  }

  /** The stored response to a GET, if it is still current. The caller has authorized the request. */
  async get(request: Request): Promise<Response | undefined> {
    const response = request.method === 'GET' ? this.#responses.get(request.url) : undefined
    if (response === undefined || this.#clock.monotonic() >= this.#until) return undefined
    const snapshot = this.#snapshot
    // Compared with the snapshot from before the await: meanwhile the stored responses may have become those of another.
    if ((await currentSnapshot(this.#flags)) !== snapshot) return undefined
    return matchesIfNoneMatch(response.entityTag, request)
      ? notModified(response.entityTag, response.cacheHeaders)
      : new Response(response.text, { headers: response.headers })
  }

  /** Stores the response to a GET, for as long as `snapshot` is the current one. */
  set(url: string, snapshot: FlagSnapshot, response: CachedResponse): void {
    if (url.length > MAX_URL || response.text.length > MAX_BODY) return
    const now = this.#clock.monotonic()
    if (this.#snapshot !== snapshot || now >= this.#until) {
      this.#responses.clear()
      this.#characters = 0
      this.#snapshot = snapshot
      this.#until = now + MAX_AGE_MS
    }
    this.#drop(url)
    this.#responses.set(url, response)
    this.#characters += url.length + response.text.length
    // Oldest first.
    for (const oldest of this.#responses.keys()) {
      if (this.#responses.size <= MAX_RESPONSES && this.#characters <= MAX_CHARACTERS) return
      this.#drop(oldest)
    }
  }

  #drop(url: string): void {
    const response = this.#responses.get(url)
    if (response === undefined) return
    this.#responses.delete(url)
    this.#characters -= url.length + response.text.length
  }
}
