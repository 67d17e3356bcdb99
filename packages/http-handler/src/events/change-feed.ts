import { type Clock, type Flags, FlagsError, type LoggedChanges } from '@flagstone/core'
import type { LogEntry, LogPosition } from './log-entry.ts'
import { RecentChanges } from './recent-changes.ts'
import { VisibleChanges } from './visible-changes.ts'

/** How many log entries are read at once. */
const PAGE = 100
/** How many entries may wait until they are visible. Together with a client's replay and one more page they fit into its queue. */
const MAX_PENDING = 300
/** How many changes are replayed to a client that reconnects, and how many versions behind it may be. */
const MAX_REPLAYED = 500
/** When to poll again for entries that are logged but not visible yet, and after a read that failed. */
const PENDING_RETRY_MS = 500
const RETRY_MS = 2_000

export interface ChangeFeedOptions {
  readonly flags: Flags
  readonly clock: Clock
  readonly report: (error: FlagsError) => void
}

/** Gets the changes of the feed. */
export interface ChangeFeedListener {
  onChange(entry: LogEntry): void
  /** The feed has a position and can read the log: at the start, after `onLost`, and after failed reads. */
  onReady(): void
  /** The log does not continue from what was sent: the store went back, or was pruned. */
  onLost(): void
  /** The flags client is closed: no more changes will come. */
  onClose(): void
}

/**
 * Follows the change log while somebody listens. It emits each change once, in log order, and only when this process answers by it. The event
 * `change` only triggers a read; the log decides what is emitted, and in which order.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  readonly #listener: ChangeFeedListener
  readonly #visible: VisibleChanges
  readonly #unsubscribe: readonly (() => void)[]
  #recent: RecentChanges | undefined
  /** Entries that were read and are not visible yet. */
  #pending: LogEntry[] = []
  #readUpTo: LogPosition = { version: 0 }
  #isFollowing = false
  #isFailing = false
  #triggers = 0
  #polling: Promise<void> | undefined
  #cancelPoll: () => void = () => undefined

  constructor(options: ChangeFeedOptions, listener: ChangeFeedListener) {
    const { flags } = options
    this.#options = options
    this.#listener = listener
    this.#visible = new VisibleChanges(flags)
    // From the start, so that a client that reconnects need not wait for changes that were emitted earlier.
    const onChange = flags.on('change', ({ name, version }) => this.#onChange(name, version))
    const onError = flags.on('error', ({ code }) => (code === 'STORE_REWOUND' ? this.#reset() : undefined))
    this.#unsubscribe = [onChange, onError]
  }

  /** The changes that were sent last; `undefined` while the feed has no position. */
  get recent(): RecentChanges | undefined {
    return this.#recent
  }

  /** Whether the last read failed. Then only the feed itself reads again, after a pause. */
  get isFailing(): boolean {
    return this.#isFailing
  }

  /** Begins to follow the log. Resolves after the first read, even if it failed; then the feed retries. */
  async follow(): Promise<void> {
    this.#isFollowing = true
    if (this.#recent === undefined && !this.#isFailing) await this.poll()
  }

  /** Stops following while nobody listens. */
  pause(): void {
    this.#isFollowing = false
    this.#isFailing = false
    this.#cancelPoll()
    this.#forget()
  }

  close(): void {
    this.pause()
    for (const end of this.#unsubscribe) end()
    this.#visible.clear()
  }

  /** Reads what is new in the log. After a failed read it does nothing until the retry. Never rejects. */
  async poll(): Promise<void> {
    if (this.#isFollowing && (!this.#isFailing || this.#polling !== undefined)) await this.#pollNow()
  }

  /** Whether the changes after `position` are at hand. `false`: they cannot be replayed. `undefined`: the log has to be read. */
  contains(position: LogPosition): boolean | undefined {
    if (this.#recent === undefined) return undefined
    // Changes from further back are never replayed, so they are neither read nor kept.
    const isTooFarBack = this.#recent.end.version - position.version > MAX_REPLAYED
    return this.#recent.contains(position) ?? (isTooFarBack ? false : undefined)
  }

  /** Reads the changes after `position` from the log. `undefined`: the read failed; `onReady` says when it works again. Never rejects. */
  async loadBackTo(position: LogPosition): Promise<boolean | undefined> {
    const isKnown = this.contains(position)
    const recent = this.#recent
    if (isKnown !== undefined || recent === undefined) return isKnown
    try {
      const page = await this.#readPage(position, MAX_REPLAYED)
      const { start } = recent
      if (page.kind === 'lost' || page.next.version < start.version) return false
      if (position.version <= start.version) {
        recent.prepend(position, page.changes.filter(({ version }) => version <= start.version).map(logEntry))
      }
      return true
    } catch (error) {
      this.#fail(error as FlagsError)
      return undefined
    }
  }

  /** The changes after a position that was loaded; `undefined` if they are too many, or are no longer kept. */
  changesAfter(position: LogPosition): readonly LogEntry[] | undefined {
    if (this.#recent === undefined || position.version < this.#recent.start.version) return undefined
    const entries = this.#recent.after(position.version)
    return entries.length > MAX_REPLAYED ? undefined : entries
  }

  #onChange(name: string, version: number): void {
    this.#visible.add(name, version)
    void this.poll()
  }

  #readPage(after: LogPosition, limit: number): Promise<LoggedChanges> {
    return this.#options.flags.admin.changes({ after, limit, records: false })
  }

  async #runPoll(): Promise<void> {
    this.#cancelPoll()
    try {
      for (let handled = -1; this.#isFollowing && handled !== this.#triggers; ) {
        handled = this.#triggers
        await this.#options.flags.ready()
        await this.#advance()
        this.#release()
      }
      if (this.#pending.length > 0 && !this.#isFailing) this.#pollLater(PENDING_RETRY_MS)
    } catch (error) {
      this.#fail(error as FlagsError)
    } finally {
      // Now, and not when the promise settles: a change in between would trigger no read.
      this.#polling = undefined
    }
  }

  /** Reported once until a read succeeds. Until then only the retry reads the log. */
  #fail(error: FlagsError): void {
    if (!this.#isFollowing) return
    if (error.code === 'CLOSED') {
      this.#listener.onClose()
      return
    }
    if (!this.#isFailing) this.#options.report(error)
    this.#isFailing = true
    this.#pollLater(RETRY_MS)
  }

  #recover(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#listener.onReady()
  }

  #pollLater(ms: number): void {
    this.#cancelPoll()
    if (this.#isFollowing) this.#cancelPoll = this.#options.clock.after(ms, () => void this.#pollNow())
  }

  async #pollNow(): Promise<void> {
    this.#triggers++
    this.#polling ??= this.#runPoll()
    await this.#polling
  }

  async #advance(): Promise<void> {
    const recent = this.#recent
    if (recent === undefined) return await this.#start()
    if (this.#visible.clockWentBack()) return this.#reset()
    const isFull = this.#pending.length >= MAX_PENDING
    const isCurrent = this.#visible.newestVersion <= this.#readUpTo.version
    // After a failure, one read has to succeed in any case.
    if ((isFull || isCurrent) && !this.#isFailing) return
    const triggers = this.#triggers
    const page = await this.#readPage(this.#readUpTo, isFull ? 1 : PAGE)
    if (this.#recent !== recent) return
    if (page.kind === 'lost') this.#reset()
    else if (!isFull) this.#append(page, triggers)
    this.#recover()
  }

  /** Starts at the clock of this process: it has answered by everything up to there. */
  async #start(): Promise<void> {
    const { clock } = this.#visible
    const triggers = this.#triggers
    const page = await this.#readPage({ version: clock }, PAGE)
    if (!this.#isFollowing) return
    if (page.kind === 'lost') throw new FlagsError('STORE_REWOUND', 'The change log does not match the flags that this process holds yet.')
    this.#recent = new RecentChanges(page.head.version === clock ? page.head : { version: clock })
    this.#append(page, triggers)
    this.#isFailing = false
    this.#listener.onReady()
  }

  #append({ changes, next, head }: Extract<LoggedChanges, { kind: 'changes' }>, triggers: number): void {
    this.#pending.push(...changes.map(logEntry))
    this.#readUpTo = next
    if (next.version < head.version) this.#triggers++
    else if (triggers === this.#triggers) this.#visible.dropAfter(head.version)
  }

  #release(): void {
    const isFull = this.#pending.length >= MAX_PENDING
    const firstInvisible = this.#pending.findIndex((entry) => !this.#visible.isVisible(entry))
    const visible = this.#pending.splice(0, firstInvisible === -1 ? this.#pending.length : firstInvisible)
    for (const entry of visible) {
      this.#recent?.add(entry)
      this.#listener.onChange(entry)
    }
    // The rest of the log had no room until now.
    if (isFull && visible.length > 0) this.#triggers++
  }

  /** The log does not continue from what was sent: starts again at the clock of this process. */
  #reset(): void {
    this.#visible.clear()
    if (this.#recent === undefined) return
    this.#forget()
    this.#listener.onLost()
    void this.poll()
  }

  #forget(): void {
    this.#recent = undefined
    this.#pending = []
  }
}

function logEntry({ version, id, flag }: LogEntry): LogEntry {
  return { version, id, flag }
}
