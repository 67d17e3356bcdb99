import type { ChannelListener, Clock, FlagCache, FlagStore, Hint } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Background } from '../layers/background.ts'
import { titleOf } from '../validate/record-key.ts'
import type { CatchUp } from './catch-up.ts'
import type { ChangeApplier } from './change-applier.ts'
import type { Claims } from './claims.ts'
import type { ContiguousHints } from './contiguous-hints.ts'
import type { HintChannel } from './hint-channel.ts'
import type { HintChannels } from './hint-channels.ts'
import { HintSubscription } from './hint-subscription.ts'
import type { Seat } from './listener-slot.ts'

/** How often the store is asked while a channel is alive, and while none is. */
const POLL_MS = 10_000
const POLL_WITHOUT_CHANNEL_MS = 2_000
/** And how soon, at the latest, where a hint of the cache was taken at its word. */
const LOOK_MS = 1_000
/** So that processes started together do not ask together: up to this part of the wait is taken off. */
const JITTER = 0.2

export interface HintSubscriptionsParts {
  readonly store: FlagStore
  readonly cache: FlagCache | undefined
  readonly catchUp: CatchUp
  readonly changeApplier: ChangeApplier
  readonly channels: HintChannels
  readonly contiguousHints: ContiguousHints
  readonly claims: Claims
  readonly seat: Seat
  readonly background: Background
  readonly report: (error: FlagsError) => void
  readonly clock: Clock
}

/** The channels by which this process hears of changes, and the poll for when it does not. */
export class HintSubscriptions {
  readonly #parts: HintSubscriptionsParts
  readonly #fromStore: HintSubscription
  readonly #fromCache: HintSubscription
  #cancelPoll: () => void = () => undefined
  #dueAt = Number.POSITIVE_INFINITY
  #opened: Promise<void> | undefined
  #closed = false

  constructor(parts: HintSubscriptionsParts) {
    const { store, cache, channels, clock, report } = parts
    this.#parts = parts
    const ofStore = this.#listener(channels.store, (hint) => this.#storeTells(hint))
    const ofCache = this.#listener(channels.cache, (hint) => this.#cacheTells(hint))
    this.#fromStore = new HintSubscription(() => store.watch?.(ofStore), clock, report)
    this.#fromCache = new HintSubscription(() => cache?.subscribe?.(ofCache), clock, report)
  }

  /** Subscribes and starts to poll, the first time that it is called. Resolves when each channel was tried once, well or badly. */
  open(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#opened ??= this.#open()
    return this.#opened
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelPoll()
    await this.#opened
    await Promise.all([this.#fromStore.end(), this.#fromCache.end(), this.#parts.seat.leave()])
  }

  async #open(): Promise<void> {
    this.#poll()
    await Promise.all([this.#fromCache.begin(), this.#listen()])
  }

  /** Follows the store itself where this process has one of the fleet's few places for that. */
  async #listen(): Promise<void> {
    const { seat, channels, catchUp } = this.#parts
    // The cache has places for one store; which, the first catch-up finds out.
    if (seat.offered && !catchUp.current) await catchUp.begun()
    // Who follows and hears nothing does not keep a place from others.
    if (this.#fromStore.begun && !channels.store.alive) return
    const seated = await seat.take()
    if (seated && !this.#closed) {
      await this.#fromStore.begin()
      return
    }
    await this.#fromStore.end()
    channels.store.down()
  }

  #listener(channel: HintChannel, onHint: (hint: Hint) => void): ChannelListener {
    const { catchUp, report } = this.#parts
    return {
      onHint: (hint) => {
        channel.tells(hint)
        onHint(hint)
      },
      onResync: () => {
        channel.up()
        catchUp.request()
        this.#poll()
      },
      onDown: (cause) => {
        channel.down()
        report(new FlagsError('CHANNEL_DOWN', `The ${channel.name}'s hint channel is down; changes arrive by the poll.`, { cause }))
        this.#poll(this.#dueAt)
      },
    }
  }

  /** A channel that is up has not told what it should have. */
  suspect({ name: channel }: HintChannel, { name, version }: Hint): void {
    const way = channel === 'store' ? ' Behind a pooler, give the store a `listenUrl` that leads past it.' : ''
    const cause = new Error(`${titleOf(name)}: it did not tell of version ${version} within 1 s.`)
    this.#parts.report(
      new FlagsError('CHANNEL_DOWN', `The ${channel}'s hint channel is up, but changes are missing from it.${way}`, { cause }),
    )
    this.#poll(this.#dueAt)
  }

  /** It may come before the fence is raised: only the log can tell what is true now. */
  #storeTells(hint: Hint): void {
    const { changeApplier, catchUp } = this.#parts
    if (changeApplier.hint(hint) || hint.version > catchUp.clock) catchUp.follow(hint.name)
  }

  /**
   * The fence is raised before this hint is sent, so dropping is enough; and where no version before it was missed, the record that it brings can be
   * taken for what a read would find. The log has the last word, soon.
   */
  #cacheTells(hint: Hint): void {
    const { changeApplier, catchUp, contiguousHints, claims, clock } = this.#parts
    const { name, version, flag } = hint
    const isNews = version > catchUp.clock
    const goesOn = contiguousHints.hear(version, catchUp.clock)
    const brings = isNews && goesOn && flag !== undefined && (flag === null || flag.version === version)
    if (brings) claims.add(name, version, version)
    changeApplier.hintAfterFence(hint, brings ? flag : undefined)
    if (!goesOn) catchUp.request()
    else if (isNews) this.#poll(Math.min(this.#dueAt, clock.monotonic() + LOOK_MS * (1 - JITTER * Math.random())))
  }

  /** The next poll: when it is time, and not later than `latest`. */
  #poll(latest = Number.POSITIVE_INFINITY): void {
    const { channels, background, catchUp, clock } = this.#parts
    this.#cancelPoll()
    if (this.#closed) return
    const now = clock.monotonic()
    const wait = (channels.alive > 0 ? POLL_MS : POLL_WITHOUT_CHANNEL_MS) * (1 - JITTER * Math.random())
    this.#dueAt = Math.min(latest, now + wait)
    this.#cancelPoll = background.after(Math.max(0, this.#dueAt - now), 'Flags could not be brought up to date', async () => {
      try {
        await catchUp.run()
      } finally {
        this.#poll()
        await this.#fromCache.begin()
        await this.#listen()
      }
    })
  }
}
