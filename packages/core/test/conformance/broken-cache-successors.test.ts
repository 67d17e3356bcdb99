import { describe, expect, test } from 'vitest'
import type { StoredRecord } from '../../src/contracts/index.ts'
import { type CacheDefect, caught, current } from './broken-caches.ts'

const DEFECTS: readonly CacheDefect[] = [
  {
    that: 'drops successors',
    fails: 'a successor replaces the flag, under the fence of its change',
    broken: () => (cache) => ({ invalidate: (name, version) => cache.invalidate(name, version) }),
  },
  {
    that: 'drops an absence as a successor',
    fails: 'a successor is kept where nothing was cached, and so is an absence',
    broken: () => (cache) => ({
      invalidate: (name, version, successor) => cache.invalidate(name, version, successor?.value === null ? undefined : successor),
    }),
  },
  {
    that: 'ignores the token of a successor',
    fails: 'no successor is kept where another change has raised the fence since its token was read',
    broken: () => (cache) => ({
      async invalidate(name, version, successor) {
        const { token } = await current(cache, name)
        return await cache.invalidate(name, version, successor && { ...successor, token: token ?? '' })
      },
    }),
  },
  {
    that: 'accepts a placeholder in place of the token of a successor',
    fails: 'no successor is kept where the fence was lost since its token was read',
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
    that: 'keeps a successor though the fence is already as high',
    fails: 'no successor is kept where the fence is already as high',
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
    that: 'replaces a flag that was loaded after the change by its successor',
    fails: 'no successor replaces a flag that was loaded after its change',
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
    that: 'gives a successor the highest possible "as of"',
    fails: 'a successor is an entry like any other: an older load does not replace it, a newer one does',
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
    that: 'publishes before the successor can be read',
    fails: 'a successor can be read when the hint arrives, and a record that the hint carries is the successor',
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
    that: 'sends a hint with another record than the successor',
    fails: 'a successor can be read when the hint arrives, and a record that the hint carries is the successor',
    broken: () => (cache) => ({
      subscribe: (listener) => cache.subscribe({ ...listener, onHint: (hint) => listener.onHint({ ...hint, flag: null }) }),
    }),
  },
  {
    that: 'sends a hint with a successor that it left out',
    fails: 'a hint carries no successor that was left out',
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
    that: 'keeps a successor for longer than it was told',
    fails: 'a successor expires after its time to live, and its fence stays',
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
