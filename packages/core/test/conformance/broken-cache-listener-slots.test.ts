import { describe, expect, test } from 'vitest'
import { type CacheDefect, caught } from './broken-caches.ts'

const DEFECTS: readonly CacheDefect[] = [
  {
    that: 'gives every holder a slot',
    fails: 'as many holders as the caller allows have a slot, first come, first served',
    broken: () => (cache) => ({ takeListenerSlot: (holder, _, ttlMs) => cache.takeListenerSlot(holder, 1_000, ttlMs) }),
  },
  {
    that: 'refuses a holder that asks again',
    fails: 'a holder that asks again keeps its slot',
    broken: () => {
      const seen = new Set<string>()
      return (cache) => ({
        takeListenerSlot: async (holder, slots, ttlMs) =>
          !seen.has(holder) && seen.add(holder) && cache.takeListenerSlot(holder, slots, ttlMs),
      })
    },
  },
  {
    that: 'keeps a slot that is given back',
    fails: 'a slot that is given back goes to another holder, and giving back a slot without having one changes nothing',
    broken: () => (cache) => ({
      takeListenerSlot: async (holder, slots, ttlMs) => ttlMs > 0 && cache.takeListenerSlot(holder, slots, ttlMs),
    }),
  },
  {
    that: 'frees no slot after its time',
    fails: 'a slot whose holder does not ask again in time is free',
    broken: () => (cache) => ({
      takeListenerSlot: (holder, slots, ttlMs) => cache.takeListenerSlot(holder, slots, ttlMs === 0 ? 0 : 86_400_000),
    }),
  },
  {
    that: 'counts a holder in for ever',
    fails: 'asking again restarts the time',
    broken: () => {
      const had = new Set<string>()
      return (cache) => ({
        takeListenerSlot: async (holder, slots, ttlMs) =>
          had.has(holder) ? true : (await cache.takeListenerSlot(holder, slots, ttlMs)) && had.add(holder).size > 0,
      })
    },
  },
  {
    that: 'shares its slots among stores',
    fails: 'each store has its own slots',
    broken: () => {
      const taken = new Set<string>()
      return () => ({ takeListenerSlot: async (holder, slots) => taken.size < slots && taken.add(holder).size > 0 })
    },
  },
  {
    that: 'gives slots before it knows the store',
    fails: 'before open no slot can be taken',
    broken: () => () => ({ takeListenerSlot: async () => true }),
  },
]

describe('the suite of the cache catches a cache that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
