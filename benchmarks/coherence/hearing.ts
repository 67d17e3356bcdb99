import type { ChannelListener, Unsubscribe } from '@flagstone/core'
import { now } from './protocol.ts'

type Subscribe = (listener: ChannelListener) => Promise<Unsubscribe>

/** Notes when the hint channels of a client came up. */
export class Hearing {
  readonly #upAt = new Map<object, number>()

  /** When the first of those came up that are up. */
  get since(): number | undefined {
    return this.#upAt.size === 0 ? undefined : Math.min(...this.#upAt.values())
  }

  /** The same subscription, noted. */
  over(subscribe: Subscribe): Subscribe {
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
