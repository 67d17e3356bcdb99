import type { ChannelListener, Clock, FlagCache, FlagStore, Hint } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Background } from '../layers/background.ts'
import { titleOf } from '../validate/record-key.ts'
import type { CatchUp } from './catch-up.ts'
import type { HintChannel } from './hint-channel.ts'
import type { HintChannels } from './hint-channels.ts'
import type { HintHandler } from './hint-handler.ts'
import { HintSubscription } from './hint-subscription.ts'
import type { ListenerSlot } from './listener-slot.ts'
import type { Poll } from './poll.ts'

export interface HintSubscriptionsParts {
  readonly store: FlagStore
  readonly cache: FlagCache | undefined
  readonly catchUp: CatchUp
  readonly channels: HintChannels
  readonly handler: HintHandler
  readonly poll: Poll
  readonly listenerSlot: ListenerSlot
  readonly background: Background
  readonly report: (error: FlagsError) => void
  readonly clock: Clock
}

/** Subscribes to the hint channels of the store and of the cache, and starts the poll for when they are silent. */
export class HintSubscriptions {
  readonly #parts: HintSubscriptionsParts
  readonly #fromStore: HintSubscription
  readonly #fromCache: HintSubscription
  #opened: Promise<void> | undefined
  #closed = false

  constructor(parts: HintSubscriptionsParts) {
    const { store, cache, channels, catchUp, handler, poll, background, clock, report } = parts
    this.#parts = parts
    const ofStore = this.#listener(channels.store, (hint) => handler.fromStore(hint))
    const ofCache = this.#listener(channels.cache, (hint) => handler.fromCache(hint))
    this.#fromStore = new HintSubscription(() => store.watch?.(ofStore), clock, report)
    this.#fromCache = new HintSubscription(() => cache?.subscribe?.(ofCache), clock, report)
    channels.onSuspect((channel, missed) => this.#suspect(channel, missed))
    poll.onPolled(async () => {
      await this.#fromCache.begin()
      await this.#listen()
    })
    catchUp.onStart(() => background.run('Hint channels could not be opened', () => this.open()))
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
    this.#parts.poll.stop()
    await this.#opened
    await Promise.all([this.#fromStore.end(), this.#fromCache.end(), this.#parts.listenerSlot.leave()])
  }

  async #open(): Promise<void> {
    this.#parts.poll.restart()
    await Promise.all([this.#fromCache.begin(), this.#listen()])
  }

  /** Listens to the store itself where this process has one of the fleet's few listener slots. */
  async #listen(): Promise<void> {
    const { listenerSlot, channels, catchUp } = this.#parts
    // The cache has slots for one store; which, the first catch-up finds out.
    if (listenerSlot.offered && !catchUp.current) await catchUp.begun()
    // A process that listens and hears nothing does not keep a slot from others.
    if (this.#fromStore.begun && !channels.store.alive) return
    const hasSlot = await listenerSlot.take()
    if (hasSlot && !this.#closed) {
      await this.#fromStore.begin()
      return
    }
    await this.#fromStore.end()
    channels.store.down()
  }

  #listener(channel: HintChannel, onHint: (hint: Hint) => void): ChannelListener {
    const { catchUp, poll, report } = this.#parts
    return {
      onHint: (hint) => {
        channel.heard(hint)
        onHint(hint)
      },
      onResync: () => {
        channel.up()
        catchUp.request()
        poll.restart()
      },
      onDown: (cause) => {
        channel.down()
        report(new FlagsError('CHANNEL_DOWN', `The ${channel.name}'s hint channel is down; changes arrive by the poll.`, { cause }))
        poll.shorten()
      },
    }
  }

  #suspect({ name: channel }: HintChannel, { name, version }: Hint): void {
    const wayOut = channel === 'store' ? ' Behind a pooler, give the store a `listenUrl` that leads past it.' : ''
    const cause = new Error(`${titleOf(name)}: it did not tell of version ${version} within 1 s.`)
    const message = `The ${channel}'s hint channel is up, but changes are missing from it.${wayOut}`
    this.#parts.report(new FlagsError('CHANNEL_DOWN', message, { cause }))
    this.#parts.poll.shorten()
  }
}
