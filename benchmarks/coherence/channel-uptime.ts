import type { ChannelListener, Unsubscribe } from '@flagstone/core'
import { now } from './worker-messages.ts'

type Subscribe = (listener: ChannelListener) => Promise<Unsubscribe>

/** Records since when the hint channels of a client are up. */
export class ChannelUptime {
  readonly #upAt = new Map<object, number>()

  /** Since when at least one channel is up. */
  get upSince(): number | undefined {
    return this.#upAt.size === 0 ? undefined : Math.min(...this.#upAt.values())
  }

  /** The same subscription, observed. */
  observe(subscribe: Subscribe): Subscribe {
    return async (listener) => {
      const unsubscribe = await subscribe({
        onHint: (hint) => listener.onHint(hint),
        onResync: () => {
          this.#upAt.set(listener, now())
          listener.onResync()
        },
        onDown: (cause) => {
          this.#upAt.delete(listener)
          listener.onDown(cause)
        },
      })
      return async () => {
        this.#upAt.delete(listener)
        await unsubscribe()
      }
    }
  }
}
