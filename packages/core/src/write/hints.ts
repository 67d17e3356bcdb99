import type { Background } from '../background.ts'
import type { ChannelListener, Clock, FlagCache, FlagStore, Hint, Unsubscribe } from '../contracts/index.ts'
import { FlagsError, toFlagsError } from '../errors.ts'
import type { CatchUp } from './catch-up.ts'
import type { ChangeIntake } from './change-intake.ts'

/** How often the store is asked while a channel is up, and while none is. */
const POLL_MS = 10_000
const POLL_WITHOUT_CHANNEL_MS = 2_000
/** So that processes started together do not ask together: up to this part of the wait is taken off. */
const JITTER = 0.2

type Channel = 'store' | 'cache'

/** The channels by which this process hears of changes, and the poll for when it does not. */
export class Hints {
  readonly #catchUp: CatchUp
  readonly #intake: ChangeIntake
  readonly #background: Background
  readonly #report: (error: FlagsError) => void
  readonly #clock: Clock
  readonly #up = new Set<Channel>()
  readonly #subscriptions: Unsubscribe[] = []
  #cancelPoll: () => void = () => undefined
  #dueAt = Number.POSITIVE_INFINITY
  #highest = 0
  #opened: Promise<void> | undefined
  #closed = false

  constructor(catchUp: CatchUp, intake: ChangeIntake, background: Background, report: (error: FlagsError) => void, clock: Clock) {
    this.#catchUp = catchUp
    this.#intake = intake
    this.#background = background
    this.#report = report
    this.#clock = clock
  }

  get channels(): number {
    return this.#up.size
  }

  /** Subscribes and starts to poll, the first time that it is called. Resolves when each channel was tried once, well or badly. */
  open(store: FlagStore, cache: FlagCache | undefined): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#opened ??= this.#open(store, cache)
    return this.#opened
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#opened
    for (const ended of await Promise.allSettled(this.#subscriptions.splice(0).map((unsubscribe) => unsubscribe()))) {
      if (ended.status === 'rejected') this.#report(toFlagsError(ended.reason, 'CHANNEL_DOWN', 'A hint channel cannot be closed'))
    }
  }

  async #open(store: FlagStore, cache: FlagCache | undefined): Promise<void> {
    this.#poll()
    await Promise.all([
      this.#subscribe(() => store.watch?.(this.#listener('store', (hint) => this.#fromStore(hint)))),
      this.#subscribe(() => cache?.subscribe?.(this.#listener('cache', (hint) => this.#fromCache(hint)))),
    ])
  }

  async #subscribe(subscribe: () => Promise<Unsubscribe> | undefined): Promise<void> {
    try {
      const unsubscribe = await subscribe()
      if (unsubscribe !== undefined) this.#subscriptions.push(unsubscribe)
    } catch (cause) {
      this.#report(toFlagsError(cause, 'CHANNEL_DOWN', 'A hint channel cannot be opened'))
    }
  }

  #listener(channel: Channel, onHint: (hint: Hint) => void): ChannelListener {
    return {
      onHint,
      onResync: () => {
        this.#up.add(channel)
        this.#catchUp.request()
        this.#poll()
      },
      onDown: (cause) => {
        this.#up.delete(channel)
        this.#report(new FlagsError('CHANNEL_DOWN', `The ${channel}'s hint channel is down; changes arrive by the poll.`, { cause }))
        this.#poll(this.#dueAt)
      },
    }
  }

  /** It may come before the fence is raised: only the log can tell what is true now. */
  #fromStore(hint: Hint): void {
    if (this.#intake.hint(hint) || hint.version > this.#catchUp.clock) this.#catchUp.request()
  }

  /** The fence is raised before this hint is sent, so dropping is enough, unless a version in between was missed. */
  #fromCache(hint: Hint): void {
    this.#intake.fenced(hint)
    const highest = Math.max(this.#highest, this.#catchUp.clock)
    if (hint.version > highest + 1) this.#catchUp.request()
    this.#highest = Math.max(highest, hint.version)
  }

  /** The next poll: when it is time, and not later than `latest`. */
  #poll(latest = Number.POSITIVE_INFINITY): void {
    this.#cancelPoll()
    const now = this.#clock.monotonic()
    const wait = (this.#up.size > 0 ? POLL_MS : POLL_WITHOUT_CHANNEL_MS) * (1 - JITTER * Math.random())
    this.#dueAt = Math.min(latest, now + wait)
    this.#cancelPoll = this.#background.after(Math.max(0, this.#dueAt - now), 'Flags could not be brought up to date', async () => {
      this.#highest = 0
      try {
        await this.#catchUp.run()
      } finally {
        this.#poll()
      }
    })
  }
}
