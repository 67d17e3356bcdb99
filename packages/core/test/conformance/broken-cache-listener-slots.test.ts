import { describe, expect, test } from 'vitest'
import { type CacheDefect, caught } from './broken-caches.ts'

const DEFECTS: readonly CacheDefect[] = [
  {
    that: 'gives everybody a place',
    fails: 'there are as many places as the caller says, for whoever comes first',
    broken: () => (cache) => ({ takeListenerSlot: (holder, _, ttlMs) => cache.takeListenerSlot(holder, 1_000, ttlMs) }),
  },
  {
    that: 'gives nobody a place twice',
    fails: 'who has a place keeps it',
    broken: () => {
      const seen = new Set<string>()
      return (cache) => ({
        takeListenerSlot: async (holder, slots, ttlMs) =>
          !seen.has(holder) && seen.add(holder) && cache.takeListenerSlot(holder, slots, ttlMs),
      })
    },
  },
  {
    that: 'keeps what is given back',
    fails: 'a place that is given back goes to another, and giving back what one does not have changes nothing',
    broken: () => (cache) => ({
      takeListenerSlot: async (holder, slots, ttlMs) => ttlMs > 0 && cache.takeListenerSlot(holder, slots, ttlMs),
    }),
  },
  {
    that: 'never frees a place',
    fails: 'a place that is not asked for again in time is free',
    broken: () => (cache) => ({
      takeListenerSlot: (holder, slots, ttlMs) => cache.takeListenerSlot(holder, slots, ttlMs === 0 ? 0 : 86_400_000),
    }),
  },
  {
    that: 'counts the time from the first asking',
    fails: 'asking again starts the time anew',
    broken: () => {
      const had = new Set<string>()
      return (cache) => ({
        takeListenerSlot: async (holder, slots, ttlMs) =>
          had.has(holder) ? true : (await cache.takeListenerSlot(holder, slots, ttlMs)) && had.add(holder).size > 0,
      })
    },
  },
  {
    that: 'shares its places among stores',
    fails: 'each store has places of its own',
    broken: () => {
      const taken = new Set<string>()
      return () => ({ takeListenerSlot: async (holder, slots) => taken.size < slots && taken.add(holder).size > 0 })
    },
  },
  {
    that: 'gives places before it knows the store',
    fails: 'before open nobody can have a place',
    broken: () => () => ({ takeListenerSlot: async () => true }),
  },
]

describe('the cache suite notices a cache that', () => {
  for (const defect of DEFECTS) {
    test(defect.that, async () => {
      expect(await caught(defect)).toBeInstanceOf(Error)
    })
  }
})
