import type { ChannelListener, Clock, FlagCache, FlagStore, Hint } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
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
  readonly background: BackgroundWork
  readonly report: (error: FlagsError) => void
  readonly clock: Clock
}

/** Subscribes to the hint channels of the store and of the cache, and starts the poll. */
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
      await this.#fromCache.start()
      await this.#updateStoreSubscription()
    })
    catchUp.onStart(() => background.run('Hint channels could not be opened', () => this.open()))
  }

  /** Subscribes and starts to poll, on the first call. Resolves when each channel was tried once, successfully or not. */
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
    await Promise.all([this.#fromStore.end(), this.#fromCache.end(), this.#parts.listenerSlot.release()])
  }

  async #open(): Promise<void> {
    this.#parts.poll.restart()
    await Promise.all([this.#fromCache.start(), this.#updateStoreSubscription()])
  }

  /** Listens to the store where this process has a listener slot; otherwise ends that subscription. */
  async #updateStoreSubscription(): Promise<void> {
    const { listenerSlot, channels, catchUp } = this.#parts
    // Each store has slots of its own; the first catch-up tells which store it is.
    if (listenerSlot.offered && !catchUp.current) await catchUp.tryOnce()
    // A process whose store channel is down does not renew its slot, so that another can take it.
    if (this.#fromStore.started && !channels.store.alive) return
    const hasSlot = await listenerSlot.take()
    if (hasSlot && !this.#closed) {
      await this.#fromStore.start()
      return
    }
    await this.#fromStore.end()
    channels.store.markDown()
  }

  #listener(channel: HintChannel, onHint: (hint: Hint) => void): ChannelListener {
    const { catchUp, poll, report } = this.#parts
    return {
      onHint: (hint) => {
        channel.noteHint(hint)
        onHint(hint)
      },
      onResync: () => {
        channel.markUp()
        catchUp.request()
        poll.restart()
      },
      onDown: (cause) => {
        channel.markDown()
        report(new FlagsError('CHANNEL_DOWN', `The ${channel.name}'s hint channel is down; changes arrive by the poll.`, { cause }))
        poll.shorten()
      },
    }
  }

  #suspect({ name: channel }: HintChannel, { name, version }: Hint): void {
    const wayOut = channel === 'store' ? ' Behind a pooler, give the store a `listenUrl` that leads past it.' : ''
    const cause = new Error(`${titleOf(name)}: no hint of version ${version} came within 1 s.`)
    const message = `The ${channel}'s hint channel is up, but changes are missing from it.${wayOut}`
    this.#parts.report(new FlagsError('CHANNEL_DOWN', message, { cause }))
    this.#parts.poll.shorten()
  }
}
