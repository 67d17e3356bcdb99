import type { ChannelListener, FlagCache, FlagStore, Unsubscribe } from '@flagstone/core'
import type { Scheduler } from './scheduler.ts'

/** How often a call fails, before or after it had its effect, and how often a hint is lost or doubled. */
const FAILS = 0.03
const LOST = 0.2
const DOUBLED = 0.2

/** An adapter whose calls wait for their turn before they have their effect, and again before they answer. */
export function scheduled<T extends FlagStore | FlagCache>(adapter: T, owner: string, scheduler: Scheduler): T {
  return new Proxy(adapter, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function' || typeof key !== 'string') return value
      const own: (...args: unknown[]) => unknown = value.bind(target)
      if (key === 'close') return own
      if (key === 'watch' || key === 'subscribe') {
        return (listener: ChannelListener) => own(unreliable(listener, owner, scheduler)) as Promise<Unsubscribe>
      }
      return async (...args: unknown[]) => {
        await scheduler.point(owner, `${key} …`)
        if (scheduler.fails(FAILS)) throw new Error(`${key} did not get there`)
        const result = await own(...args)
        await scheduler.point(owner, `… ${key}`)
        if (scheduler.fails(FAILS)) throw new Error(`the answer of ${key} was lost`)
        return result
      }
    },
  })
}

/** Hints come late, twice, out of order or never. */
function unreliable(listener: ChannelListener, owner: string, scheduler: Scheduler): ChannelListener {
  const deliver = async (hint: Parameters<ChannelListener['onHint']>[0]): Promise<void> => {
    await scheduler.point(owner, `hint ${hint.name} ${hint.version}`)
    listener.onHint(hint)
  }
  return {
    onHint(hint) {
      if (scheduler.fails(LOST)) return
      void deliver(hint)
      if (scheduler.fails(DOUBLED)) void deliver(hint)
    },
    onResync: () => listener.onResync(),
    onDown: (cause) => listener.onDown(cause),
  }
}
