import type { Clock, Hint } from '../contracts/index.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
import { HintChannel } from './hint-channel.ts'

/** The hint channel of the store and that of the cache. */
export class HintChannels {
  readonly store: HintChannel
  readonly cache: HintChannel

  readonly #suspectListeners: ((channel: HintChannel, missed: Hint) => void)[] = []

  constructor(background: BackgroundWork, clock: Clock) {
    const channel = (name: 'store' | 'cache'): HintChannel =>
      new HintChannel(name, background, clock, (missed) => this.#suspect(this[name], missed))
    this.store = channel('store')
    this.cache = channel('cache')
  }

  /** Calls the listener when the hint of a known change has not come in time. */
  onSuspect(listener: (channel: HintChannel, missed: Hint) => void): void {
    this.#suspectListeners.push(listener)
  }

  #suspect(channel: HintChannel, missed: Hint): void {
    for (const listener of this.#suspectListeners) listener(channel, missed)
  }

  get #both(): readonly HintChannel[] {
    return [this.store, this.cache]
  }

  /** How many channels hints can be expected from, 0 to 2. */
  get alive(): number {
    return this.#both.filter(({ alive }) => alive).length
  }

  /** To be taken before a catch-up, and called with the version that it ended at: for the channels that have come up since the last one. */
  afterCatchUp(): (version: number) => void {
    const told = this.#both.filter(({ awaitsCatchUp }) => awaitsCatchUp).map((channel) => channel.afterCatchUp())
    return (version) => {
      for (const expectAfter of told) expectAfter(version)
    }
  }

  /** Expects a hint of each of these changes from both channels. */
  expect(changes: readonly Pick<Hint, 'name' | 'version'>[]): void {
    this.store.expect(changes)
    this.cache.expect(changes)
  }
}
