import { type Clock, type Flags, FlagsError, type LoggedChanges } from '@flagstone/core'
import type { Entry, Place } from './log-entry.ts'
import { RecentChanges } from './recent-changes.ts'
import { Sightings } from './visible-changes.ts'

/** How many entries of the log are read at once. */
const PAGE = 100
/** How many may wait to be seen. With what a client that comes back is told, and one page more, they fit into its stream. */
const MAX_WAITING = 300
/** How many changes a client that comes back is told one by one, and how many versions back it may come from. */
const MAX_REPLAYED = 500
/** When to look again at what is logged but not seen yet, and for a store that could not be read. */
const SETTLE_MS = 500
const RETRY_MS = 2_000

export interface FeedParts {
  readonly flags: Flags
  readonly clock: Clock
  readonly report: (error: FlagsError) => void
}

/** Who hears of the feed. */
export interface FeedListener {
  onChange(entry: Entry): void
  /** The feed knows where it is, and can read the log: at first, after `onLost`, and where it could not for a while. */
  onBegin(): void
  /** What was told so far does not lead on. */
  onLost(): void
  /** The flags are closed: there will be no more. */
  onClose(): void
}

/**
 * The change log, followed while somebody listens: each change once, in the order of the log, and only when this process would answer by it.
 * `change` says that there is something to read; the log says what, and in which order.
 */
export class ChangeFeed {
  readonly #parts: FeedParts
  readonly #listener: FeedListener
  readonly #sightings: Sightings
  readonly #unsubscribe: readonly (() => void)[]
  #recent: RecentChanges | undefined
  /** Read, and not seen yet. */
  #waiting: Entry[] = []
  #read: Place = { version: 0 }
  #isFollowing = false
  #isFailing = false
  #news = 0
  #looking: Promise<void> | undefined
  #cancelLook: () => void = () => undefined

  constructor(parts: FeedParts, listener: FeedListener) {
    const { flags } = parts
    this.#parts = parts
    this.#listener = listener
    this.#sightings = new Sightings(flags)
    // Heard from the beginning, so that whoever comes back need not wait for what was told before.
    const onChange = flags.on('change', ({ name, version }) => this.#hear(name, version))
    const onError = flags.on('error', ({ code }) => (code === 'STORE_REWOUND' ? this.#lose() : undefined))
    this.#unsubscribe = [onChange, onError]
  }

  /** What was told of late; `undefined` as long as the feed does not know where it is. */
  get recent(): RecentChanges | undefined {
    return this.#recent
  }

  /** Whether the log could not be read a moment ago, and nobody but the feed itself tries again. */
  get isFailing(): boolean {
    return this.#isFailing
  }

  /** Begins to follow the log. Resolves when it does, or could not yet: it goes on trying. */
  async follow(): Promise<void> {
    this.#isFollowing = true
    if (this.#recent === undefined && !this.#isFailing) await this.look()
  }

  /** Nobody listens for now. */
  rest(): void {
    this.#isFollowing = false
    this.#isFailing = false
    this.#cancelLook()
    this.#forget()
  }

  close(): void {
    this.rest()
    for (const end of this.#unsubscribe) end()
    this.#sightings.forget()
  }

  /** Looks whether there is more to tell; where the log could not be read a moment ago, when that is tried again. Never rejects. */
  async look(): Promise<void> {
    if (this.#isFollowing && (!this.#isFailing || this.#looking !== undefined)) await this.#lookNow()
  }

  /** Whether what came after a place is known: `false` where it cannot be told, `undefined` where the log has to be looked into. */
  knows(place: Place): boolean | undefined {
    if (this.#recent === undefined) return undefined
    // Whoever is told one by one comes from no further back, so nothing from there is read or held.
    const isFar = this.#recent.end.version - place.version > MAX_REPLAYED
    return this.#recent.knows(place) ?? (isFar ? false : undefined)
  }

  /** Looks into the log for what came after a place. `undefined`: it could not; `onBegin` says when it can. Never rejects. */
  async reach(place: Place): Promise<boolean | undefined> {
    const isKnown = this.knows(place)
    const recent = this.#recent
    if (isKnown !== undefined || recent === undefined) return isKnown
    try {
      const page = await this.#page(place, MAX_REPLAYED)
      const { start } = recent
      if (page.kind === 'lost' || page.next.version < start.version) return false
      if (place.version <= start.version) {
        recent.reachBack(place, page.changes.filter(({ version }) => version <= start.version).map(entryOf))
      }
      return true
    } catch (error) {
      this.#fail(error as FlagsError)
      return undefined
    }
  }

  /** What was told after a place that was reached; `undefined` where that is too much, or gone again. */
  after(place: Place): readonly Entry[] | undefined {
    if (this.#recent === undefined || place.version < this.#recent.start.version) return undefined
    const entries = this.#recent.after(place.version)
    return entries.length > MAX_REPLAYED ? undefined : entries
  }

  #hear(name: string, version: number): void {
    this.#sightings.tell(name, version)
    void this.look()
  }

  #page(after: Place, limit: number): Promise<LoggedChanges> {
    return this.#parts.flags.admin.changes({ after, limit, records: false })
  }

  async #look(): Promise<void> {
    this.#cancelLook()
    try {
      for (let seen = -1; this.#isFollowing && seen !== this.#news; ) {
        seen = this.#news
        await this.#parts.flags.ready()
        await this.#advance()
        this.#release()
      }
      if (this.#waiting.length > 0 && !this.#isFailing) this.#lookLater(SETTLE_MS)
    } catch (error) {
      this.#fail(error as FlagsError)
    } finally {
      // At once, and not when the promise is settled: news that came in between would be looked at by nobody.
      this.#looking = undefined
    }
  }

  /** Told once, until the log has been read again; nobody else reads it before that. */
  #fail(error: FlagsError): void {
    if (!this.#isFollowing) return
    if (error.code === 'CLOSED') {
      this.#listener.onClose()
      return
    }
    if (!this.#isFailing) this.#parts.report(error)
    this.#isFailing = true
    this.#lookLater(RETRY_MS)
  }

  #recover(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#listener.onBegin()
  }

  #lookLater(ms: number): void {
    this.#cancelLook()
    if (this.#isFollowing) this.#cancelLook = this.#parts.clock.after(ms, () => void this.#lookNow())
  }

  async #lookNow(): Promise<void> {
    this.#news++
    this.#looking ??= this.#look()
    await this.#looking
  }

  async #advance(): Promise<void> {
    const recent = this.#recent
    if (recent === undefined) return await this.#begin()
    if (this.#sightings.wentBack()) return this.#lose()
    const isFull = this.#waiting.length >= MAX_WAITING
    const isCurrent = this.#sightings.newest <= this.#read.version
    // While it fails, one read has to show that it no longer does.
    if ((isFull || isCurrent) && !this.#isFailing) return
    const news = this.#news
    const page = await this.#page(this.#read, isFull ? 1 : PAGE)
    if (this.#recent !== recent) return
    if (page.kind === 'lost') this.#lose()
    else if (!isFull) this.#take(page, news)
    this.#recover()
  }

  /** From what this process has answered by so far. */
  async #begin(): Promise<void> {
    const { clock } = this.#sightings
    const news = this.#news
    const page = await this.#page({ version: clock }, PAGE)
    if (!this.#isFollowing) return
    if (page.kind === 'lost')
      throw new FlagsError('STORE_REWOUND', 'The change log is not that of the flags which this process knows, yet.')
    this.#recent = new RecentChanges(page.head.version === clock ? page.head : { version: clock })
    this.#take(page, news)
    this.#isFailing = false
    this.#listener.onBegin()
  }

  #take({ changes, next, head }: Extract<LoggedChanges, { kind: 'changes' }>, news: number): void {
    this.#waiting.push(...changes.map(entryOf))
    this.#read = next
    if (next.version < head.version) this.#news++
    else if (news === this.#news) this.#sightings.endsAt(head.version)
  }

  #release(): void {
    const isFull = this.#waiting.length >= MAX_WAITING
    const unseen = this.#waiting.findIndex((entry) => !this.#sightings.isSeen(entry))
    const released = this.#waiting.splice(0, unseen === -1 ? this.#waiting.length : unseen)
    for (const entry of released) {
      this.#recent?.add(entry)
      this.#listener.onChange(entry)
    }
    // There was no room for what comes after these.
    if (isFull && released.length > 0) this.#news++
  }

  /** The log does not lead on from what was told: begins again, where this process is by then. */
  #lose(): void {
    this.#sightings.forget()
    if (this.#recent === undefined) return
    this.#forget()
    this.#listener.onLost()
    void this.look()
  }

  #forget(): void {
    this.#recent = undefined
    this.#waiting = []
  }
}

function entryOf({ version, id, flag }: Entry): Entry {
  return { version, id, flag }
}
