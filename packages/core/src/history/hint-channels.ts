import type { Clock, Hint } from '../contracts/index.ts'
import type { Background } from '../layers/background.ts'
import { HintChannel } from './hint-channel.ts'

/** Both ways of hearing of changes: from the store, and from the cache. */
export class HintChannels {
  readonly store: HintChannel
  readonly cache: HintChannel

  readonly #suspectListeners: ((channel: HintChannel, missed: Hint) => void)[] = []

  constructor(background: Background, clock: Clock) {
    const channel = (name: 'store' | 'cache'): HintChannel =>
      new HintChannel(name, background, clock, (missed) => this.#suspect(this[name], missed))
    this.store = channel('store')
    this.cache = channel('cache')
  }

  /** Calls the listener when a channel that is up has not told of a change that it should have told of. */
  onSuspect(listener: (channel: HintChannel, missed: Hint) => void): void {
    this.#suspectListeners.push(listener)
  }

  #suspect(channel: HintChannel, missed: Hint): void {
    for (const listener of this.#suspectListeners) listener(channel, missed)
  }

  get #both(): readonly HintChannel[] {
    return [this.store, this.cache]
  }

  /** How many changes can be expected to arrive by. */
  get alive(): number {
    return this.#both.filter(({ alive }) => alive).length
  }

  /** For a catch-up that begins: the channels that have come up since the last one. */
  fresh(): readonly HintChannel[] {
    return this.#both.filter(({ fresh }) => fresh)
  }

  /** Changes that the store itself has told of. */
  expect(changes: readonly Pick<Hint, 'name' | 'version'>[]): void {
    this.store.expect(changes)
    this.cache.expect(changes)
  }
}
