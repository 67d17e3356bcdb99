import type { ChannelListener, FlagCache, FlagStore, Hint, Unsubscribe } from '@flagstone/core'
import type { Scheduler } from './scheduler.ts'

/** The probability of each fault. */
export interface Faults {
  /** A call fails, before or after its effect. */
  readonly fails: number
  /** A hint is lost, or arrives twice. */
  readonly lost: number
  readonly doubled: number
}

/** An adapter whose calls wait for the scheduler before their effect and again before their answer. */
export function scheduledAdapter<T extends FlagStore | FlagCache>(
  adapter: T,
  owner: string,
  scheduler: Scheduler,
  faults: Faults,
  heard: (hint: Hint) => void = () => undefined,
): T {
  return new Proxy(adapter, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function' || typeof key !== 'string') return value
      const own: (...args: unknown[]) => unknown = value.bind(target)
      // `takeListenerSlot` is not scheduled, because which processes follow the store is drawn when they start.
      if (key === 'close' || key === 'takeListenerSlot') return own
      if (key === 'watch' || key === 'subscribe') {
        return (listener: ChannelListener) => own(unreliable(listener, owner, scheduler, faults, heard)) as Promise<Unsubscribe>
      }
      return async (...args: unknown[]) => {
        await scheduler.point(owner, `${key} …`)
        if (scheduler.fails(faults.fails)) throw new Error(`${key} was lost`)
        const result = await own(...args)
        await scheduler.point(owner, `… ${key}`)
        if (scheduler.fails(faults.fails)) throw new Error(`the answer of ${key} was lost`)
        return result
      }
    },
  })
}

/** A listener that gets hints late, twice, out of order or never. */
function unreliable(
  listener: ChannelListener,
  owner: string,
  scheduler: Scheduler,
  faults: Faults,
  heard: (hint: Hint) => void,
): ChannelListener {
  const deliver = async (hint: Hint): Promise<void> => {
    await scheduler.point(owner, `hint ${hint.name} ${hint.version}`)
    listener.onHint(hint)
    heard(hint)
  }
  return {
    onHint(hint) {
      if (scheduler.fails(faults.lost)) return
      void deliver(hint)
      if (scheduler.fails(faults.doubled)) void deliver(hint)
    },
    onResync: () => listener.onResync(),
    onDown: (cause) => listener.onDown(cause),
  }
}

/** A cache that ignores the record of an invalidation. */
export function withoutSuccessors(cache: FlagCache): FlagCache {
  return new Proxy(cache, {
    get(target, key) {
      if (key === 'invalidate') return (name: string, version: number) => target.invalidate(name, version)
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
