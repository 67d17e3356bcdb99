import { describe, expect, test } from 'vitest'
import type { CacheRead, CacheWant, ChannelListener } from '../../src/contracts/index.ts'
import { type CacheDefect, caught, current } from './broken-caches.ts'

const DEFECTS: readonly CacheDefect[] = [
  {
    that: 'lowers a fence',
    fails: 'an invalidation that comes late changes nothing',
    broken: () => (cache) => ({
      invalidate: async (name, version) => {
        await cache.forget([name])
        return cache.invalidate(name, version)
      },
    }),
  },
  {
    that: 'compares versions as text',
    fails: 'an invalidation that comes late changes nothing',
    broken: () => (cache) => ({
      invalidate: async (name, version) => {
        const { fenceVersion } = await current(cache, name)
        if (String(version) > String(fenceVersion)) await cache.forget([name])
        return cache.invalidate(name, version)
      },
    }),
  },
  {
    that: 'cuts versions to 32 bits',
    fails: 'versions are exact up to the largest safe integer',
    broken: () => (cache) => ({ invalidate: (name, version) => cache.invalidate(name, version % 2 ** 32) }),
  },
  {
    that: 'drops the flag but not the decisions',
    fails: "after one invalidation no user's entry counts",
    broken: () => {
      const decisions = new Map<string, NonNullable<CacheRead['decision']>>()
      const keyOf = (name: string, { kind, targetingKey }: NonNullable<CacheWant['decision']>) => `${kind}:${name}:${targetingKey}`
      return (cache) => ({
        fill: (fills) => {
          for (const { name, decision } of fills) if (decision) decisions.set(keyOf(name, decision), decision)
          return cache.fill(fills)
        },
        read: async (wanted) =>
          (await cache.read(wanted)).map((read, index) => {
            const { name, decision } = wanted[index] as CacheWant
            const old = decision && decisions.get(keyOf(name, decision))
            return old ? { ...read, decision: { asOf: old.asOf, value: old.value } } : read
          }),
      })
    },
  },
  {
    that: 'answers every invalidation with "raised"',
    fails: 'where many clients invalidate for one change at once, one raises the fence',
    broken: () => (cache) => ({ invalidate: async (...args) => cache.invalidate(...args).then(() => 'raised') }),
  },
  {
    that: 'also invalidates names with the same beginning',
    fails: 'an invalidation leaves other flags alone',
    broken: () => (cache) => ({
      invalidate: async (name, version) => {
        await cache.invalidate(`${name}.b`, version)
        return cache.invalidate(name, version)
      },
    }),
  },
  {
    that: 'publishes whenever it is asked to invalidate',
    fails: 'only the call that raises a fence publishes',
    broken: () => {
      const listeners = new Set<ChannelListener>()
      return (cache) => ({
        invalidate: async (name, version) => {
          const outcome = await cache.invalidate(name, version)
          if (outcome === 'already') for (const listener of listeners) listener.onHint({ name, version })
          return outcome
        },
        subscribe: (listener) => {
          listeners.add(listener)
          return cache.subscribe(listener)
        },
      })
    },
  },
  {
    that: 'publishes before it raises the fence',
    fails: 'a hint comes after its fence can be read',
    broken: () => {
      const listeners = new Set<ChannelListener>()
      return (cache) => ({
        invalidate: async (name, version) => {
          for (const listener of listeners) listener.onHint({ name, version })
          await new Promise((resolve) => setTimeout(resolve, 50))
          return cache.invalidate(name, version)
        },
        subscribe: (listener) => {
          listeners.add(listener)
          return cache.subscribe(listener)
        },
      })
    },
  },
  {
    that: 'publishes nothing',
    fails: "a subscriber hears of each of a peer's invalidations",
    broken: () => (cache) => ({ subscribe: (listener) => cache.subscribe({ ...listener, onHint: () => {} }) }),
  },
  {
    that: 'keeps sending hints after unsubscribing',
    fails: 'a subscriber that has unsubscribed gets no more hints, and may unsubscribe twice',
    broken: () => (cache) => ({
      subscribe: async (listener) => {
        await cache.subscribe(listener)
        return async () => {}
      },
    }),
  },
  {
    that: 'forgets nothing',
    fails: 'after forget, lower versions count again',
    broken: () => () => ({ forget: async () => {} }),
  },
  {
    that: "purges its own store's flags only",
    fails: 'purge drops everything of every store, and answers how many entries',
    broken: () => {
      let purged = 4
      return (cache) => ({
        purge: async () => {
          await cache.forget(['a'])
          const count = purged
          purged = 0
          return count
        },
      })
    },
  },
  {
    that: 'does not tell stores apart',
    fails: "a store never sees another store's entries",
    broken: () => (cache) => ({ open: (_, report) => cache.open('everybody', report) }),
  },
  {
    that: "does not report another store's fence",
    fails: "another store's fence is reported once",
    broken: () => (cache) => ({ open: (storeId) => cache.open(storeId) }),
  },
]

describe('the suite of the cache catches a cache that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
