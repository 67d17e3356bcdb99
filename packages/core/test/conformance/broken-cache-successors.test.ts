import { describe, expect, test } from 'vitest'
import type { StoredRecord } from '../../src/contracts/index.ts'
import { type CacheDefect, caught, current } from './broken-caches.ts'

const DEFECTS: readonly CacheDefect[] = [
  {
    that: 'leaves successors out',
    fails: 'a successor takes the place of the flag, under the fence of its change',
    broken: () => (cache) => ({ invalidate: (name, version) => cache.invalidate(name, version) }),
  },
  {
    that: 'takes no absence for a successor',
    fails: 'a successor follows where nothing was cached, and an absence does, too',
    broken: () => (cache) => ({
      invalidate: (name, version, successor) => cache.invalidate(name, version, successor?.value === null ? undefined : successor),
    }),
  },
  {
    that: 'takes whatever fence there is for the token of a successor',
    fails: 'no successor follows where another change has raised the fence since its token was read',
    broken: () => (cache) => ({
      async invalidate(name, version, successor) {
        const { token } = await current(cache, name)
        return await cache.invalidate(name, version, successor && { ...successor, token: token ?? '' })
      },
    }),
  },
  {
    that: 'takes a placeholder for the fence that a successor follows',
    fails: 'no successor follows where the fence was lost since its token was read',
    broken: () => (cache) => ({
      async invalidate(name, version, successor) {
        const { token, fenceVersion } = await current(cache, name)
        return await cache.invalidate(
          name,
          version,
          successor && { ...successor, token: fenceVersion === 0 ? String(token) : successor.token },
        )
      },
    }),
  },
  {
    that: 'keeps a successor though the fence is as high already',
    fails: 'no successor follows where the fence is as high already',
    broken: () => (cache) => ({
      async invalidate(name, version, successor) {
        const outcome = await cache.invalidate(name, version, successor)
        if (outcome === 'already' && successor) {
          const { token, value, ttlMs } = successor
          await cache.fill([{ name, token, flag: { asOf: version + 1, value, ttlMs } }])
        }
        return outcome
      },
    }),
  },
  {
    that: 'puts a successor in the place of what was loaded after its change',
    fails: 'no successor takes the place of what was loaded after its change',
    broken: () => (cache) => ({
      async invalidate(name, version, successor) {
        const outcome = await cache.invalidate(name, version)
        const { token } = await current(cache, name)
        if (successor && token) await cache.fill([{ name, token, flag: { asOf: version, value: successor.value, ttlMs: successor.ttlMs } }])
        return outcome
      },
    }),
  },
  {
    that: 'stamps a successor with the highest clock there is',
    fails: 'a successor is an entry like another: an older load is not kept over it, a newer one is',
    broken: () => (cache) => ({
      async invalidate(name, version, successor) {
        const outcome = await cache.invalidate(name, version)
        const { token } = await current(cache, name)
        if (successor && token) {
          await cache.fill([{ name, token, flag: { asOf: Number.MAX_SAFE_INTEGER, value: successor.value, ttlMs: successor.ttlMs } }])
        }
        return outcome
      },
    }),
  },
  {
    that: 'publishes before the successor is there',
    fails: 'a successor can be read when the hint arrives, and is what the hint brings, if it brings anything',
    broken: () => (cache) => ({
      async invalidate(name, version, successor) {
        const outcome = await cache.invalidate(name, version)
        await new Promise((resolve) => setTimeout(resolve, 20))
        const { token } = await current(cache, name)
        if (successor && token) await cache.fill([{ name, token, flag: { asOf: version, value: successor.value, ttlMs: successor.ttlMs } }])
        return outcome
      },
    }),
  },
  {
    that: 'brings something else than the successor',
    fails: 'a successor can be read when the hint arrives, and is what the hint brings, if it brings anything',
    broken: () => (cache) => ({
      subscribe: (listener) => cache.subscribe({ ...listener, onHint: (hint) => listener.onHint({ ...hint, flag: null }) }),
    }),
  },
  {
    that: 'brings a successor that it has left out',
    fails: 'a hint brings no successor that was left out',
    broken: () => {
      const sent = new Map<number, StoredRecord | null>()
      return (cache) => ({
        invalidate: (name, version, successor) => {
          if (successor) sent.set(version, successor.value)
          return cache.invalidate(name, version, successor)
        },
        subscribe: (listener) =>
          cache.subscribe({
            ...listener,
            onHint: (hint) => listener.onHint(sent.has(hint.version) ? { ...hint, flag: sent.get(hint.version) ?? null } : hint),
          }),
      })
    },
  },
  {
    that: 'keeps a successor for ever',
    fails: 'a successor expires with its time to live, and leaves its fence',
    broken: () => (cache) => ({
      invalidate: (name, version, successor) => cache.invalidate(name, version, successor && { ...successor, ttlMs: 86_400_000 }),
    }),
  },
]

describe('the suite of the cache catches a cache that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
