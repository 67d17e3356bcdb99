import type { ChannelListener, Hint, Unsubscribe } from '../../contracts/index.ts'

interface HintSubscription {
  readonly listener: ChannelListener
  readonly follows: (storeId: string) => boolean
}

// A listener that throws breaks its contract; that must not disturb the writer or another listener.
function guarded(call: () => void): void {
  try {
    call()
  } catch {}
}

/** Passes hints on to the listeners in this process, each in a microtask of its own. */
export class HintBroadcast {
  readonly #subscriptions = new Set<HintSubscription>()

  /** Calls `onResync` at once; afterwards `onHint` for each hint of a store that `follows` accepts when the hint arrives. */
  subscribe(listener: ChannelListener, follows: (storeId: string) => boolean): Unsubscribe {
    const subscription: HintSubscription = { listener, follows }
    this.#subscriptions.add(subscription)
    guarded(() => listener.onResync())
    return async () => {
      this.#subscriptions.delete(subscription)
    }
  }

  publish(storeId: string, hint: Hint): void {
    for (const subscription of this.#subscriptions) queueMicrotask(() => this.#deliver(subscription, storeId, hint))
  }

  #deliver(subscription: HintSubscription, storeId: string, hint: Hint): void {
    if (!this.#subscriptions.has(subscription) || !subscription.follows(storeId)) return
    guarded(() => subscription.listener.onHint(hint))
  }
}
