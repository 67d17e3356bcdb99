import type { Clock, FlagSnapshot, Flags } from '@flagstone/core'
import { type Kept, notModified } from './conditional.ts'
import { isHeld } from './entity-tag.ts'

/** So that what is asked for all the time is evaluated now and then, and seen as used. */
const KEEP_MS = 60_000
/** With the longest addresses this is ten megabytes or two. */
const MAX_ANSWERS = 10_000
/** Longer ones are answered anew each time. */
const MAX_URL = 500

/**
 * The answers of one snapshot, as they went out: who asks again at the same address costs no routing and no evaluation. All of them go
 * with the snapshot, or after a minute.
 */
export class KeptAnswers {
  readonly #flags: Flags
  readonly #clock: Clock
  readonly #answers = new Map<string, Kept>()
  #snapshot: FlagSnapshot | undefined
  #until = Number.NEGATIVE_INFINITY

  constructor(flags: Flags, clock: Clock) {
    this.#flags = flags
    this.#clock = clock
  }

  /** For who may have it: what was answered at this address, where that still holds. */
  async again(request: Request): Promise<Response | undefined> {
    const kept = request.method === 'GET' ? this.#answers.get(request.url) : undefined
    if (kept === undefined || this.#clock.monotonic() >= this.#until) return undefined
    const snapshot = await snapshotOf(this.#flags)
    if (snapshot !== this.#snapshot) return undefined
    return isHeld(kept.tag, request) ? notModified(kept.tag, kept.caching) : new Response(kept.text, { headers: kept.headers })
  }

  /** Keeps what a GET is answered as long as this is the snapshot. */
  keep(url: string, snapshot: FlagSnapshot, kept: Kept): void {
    if (url.length > MAX_URL) return
    const now = this.#clock.monotonic()
    if (this.#snapshot !== snapshot || now >= this.#until) {
      this.#answers.clear()
      this.#snapshot = snapshot
      this.#until = now + KEEP_MS
    }
    // In the order in which they came, the oldest goes.
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.delete(this.#answers.keys().next().value ?? '')
    this.#answers.set(url, kept)
  }
}

/** `undefined` once the client is closed. */
export async function snapshotOf(flags: Flags): Promise<FlagSnapshot | undefined> {
  try {
    return await flags.snapshot()
  } catch {
    return undefined
  }
}
