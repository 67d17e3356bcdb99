import type { Clock, FlagSnapshot, Flags } from '@flagstone/core'
import { type Kept, notModified } from './conditional-response.ts'
import { snapshotOf } from './current-snapshot.ts'
import { isHeld } from './entity-tag.ts'

/** So that what is asked for all the time is evaluated now and then, and seen as used. */
const KEEP_MS = 60_000
const MAX_ANSWERS = 10_000
/** Of all addresses and bodies together: ten megabytes where each takes two bytes. */
const MAX_CHARACTERS = 5_000_000
/** Of one; what is longer is answered anew each time. */
const MAX_URL = 500
const MAX_BODY = 10_000

/**
 * The answers of one snapshot, as they went out: who asks again at the same address costs no routing and no evaluation. None is given once
 * there is another snapshot, or after a minute; all go when the next one is kept.
 */
export class KeptAnswers {
  readonly #flags: Flags
  readonly #clock: Clock
  readonly #answers = new Map<string, Kept>()
  #snapshot: FlagSnapshot | undefined
  #until = Number.NEGATIVE_INFINITY
  #characters = 0

  constructor(flags: Flags, clock: Clock) {
    this.#flags = flags
    this.#clock = clock
  }

  /** For who may have it: what was answered at this address, where that still holds. */
  async again(request: Request): Promise<Response | undefined> {
    const kept = request.method === 'GET' ? this.#answers.get(request.url) : undefined
    if (kept === undefined || this.#clock.monotonic() >= this.#until) return undefined
    const snapshot = this.#snapshot
    // Compared with the one of before the wait: meanwhile the answers may be those of another.
    if ((await snapshotOf(this.#flags)) !== snapshot) return undefined
    return isHeld(kept.tag, request) ? notModified(kept.tag, kept.caching) : new Response(kept.text, { headers: kept.headers })
  }

  /** Keeps what a GET is answered as long as this is the snapshot. */
  keep(url: string, snapshot: FlagSnapshot, kept: Kept): void {
    if (url.length > MAX_URL || kept.text.length > MAX_BODY) return
    const now = this.#clock.monotonic()
    if (this.#snapshot !== snapshot || now >= this.#until) {
      this.#answers.clear()
      this.#characters = 0
      this.#snapshot = snapshot
      this.#until = now + KEEP_MS
    }
    this.#drop(url)
    this.#answers.set(url, kept)
    this.#characters += url.length + kept.text.length
    // In the order in which they came.
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MAX_ANSWERS && this.#characters <= MAX_CHARACTERS) return
      this.#drop(oldest)
    }
  }

  #drop(url: string): void {
    const kept = this.#answers.get(url)
    if (kept === undefined) return
    this.#answers.delete(url)
    this.#characters -= url.length + kept.text.length
  }
}
