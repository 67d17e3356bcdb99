import { describe, expect, test } from 'vitest'
import type { StoredRecord } from '../../src/contracts/index.ts'
import { type CacheDefect, caught, current } from './broken-caches.ts'

const DEFECTS: readonly CacheDefect[] = [
  {
    that: 'drops updated records',
    fails: 'an updated record replaces the flag, under the fence of its change',
    broken: () => (cache) => ({ invalidate: (name, version) => cache.invalidate(name, version) }),
  },
  {
    that: 'drops an absence as an updated record',
    fails: 'an updated record is kept where nothing was cached, and so is an absence',
    broken: () => (cache) => ({
      invalidate: (name, version, updatedRecord) =>
        cache.invalidate(name, version, updatedRecord?.value === null ? undefined : updatedRecord),
    }),
  },
  {
    that: 'ignores the token of an updated record',
    fails: 'no updated record is kept where another change has raised the fence since its token was read',
    broken: () => (cache) => ({
      async invalidate(name, version, updatedRecord) {
        const { token } = await current(cache, name)
        return await cache.invalidate(name, version, updatedRecord && { ...updatedRecord, token: token ?? '' })
      },
    }),
  },
  {
    that: 'accepts a placeholder in place of the token of an updated record',
    fails: 'no updated record is kept where the fence was lost since its token was read',
    broken: () => (cache) => ({
      async invalidate(name, version, updatedRecord) {
        const { token, fenceVersion } = await current(cache, name)
        return await cache.invalidate(
          name,
          version,
          updatedRecord && { ...updatedRecord, token: fenceVersion === 0 ? String(token) : updatedRecord.token },
        )
      },
    }),
  },
  {
    that: 'keeps an updated record though the fence is already as high',
    fails: 'no updated record is kept where the fence is already as high',
    broken: () => (cache) => ({
      async invalidate(name, version, updatedRecord) {
        const outcome = await cache.invalidate(name, version, updatedRecord)
        if (outcome === 'already' && updatedRecord) {
          const { token, value, ttlMs } = updatedRecord
          await cache.fill([{ name, token, flag: { asOf: version + 1, value, ttlMs } }])
        }
        return outcome
      },
    }),
  },
  {
    that: 'replaces a flag that was loaded after the change by its updated record',
    fails: 'no updated record replaces a flag that was loaded after its change',
    broken: () => (cache) => ({
      async invalidate(name, version, updatedRecord) {
        const outcome = await cache.invalidate(name, version)
        const { token } = await current(cache, name)
        if (updatedRecord && token)
          await cache.fill([{ name, token, flag: { asOf: version, value: updatedRecord.value, ttlMs: updatedRecord.ttlMs } }])
        return outcome
      },
    }),
  },
  {
    that: 'gives an updated record the highest possible "as of"',
    fails: 'an updated record is an entry like any other: an older load does not replace it, a newer one does',
    broken: () => (cache) => ({
      async invalidate(name, version, updatedRecord) {
        const outcome = await cache.invalidate(name, version)
        const { token } = await current(cache, name)
        if (updatedRecord && token) {
          await cache.fill([
            { name, token, flag: { asOf: Number.MAX_SAFE_INTEGER, value: updatedRecord.value, ttlMs: updatedRecord.ttlMs } },
          ])
        }
        return outcome
      },
    }),
  },
  {
    that: 'publishes before the updated record can be read',
    fails: 'an updated record can be read when the hint arrives, and a record that the hint carries is the updated record',
    broken: () => (cache) => ({
      async invalidate(name, version, updatedRecord) {
        const outcome = await cache.invalidate(name, version)
        await new Promise((resolve) => setTimeout(resolve, 20))
        const { token } = await current(cache, name)
        if (updatedRecord && token)
          await cache.fill([{ name, token, flag: { asOf: version, value: updatedRecord.value, ttlMs: updatedRecord.ttlMs } }])
        return outcome
      },
    }),
  },
  {
    that: 'sends a hint with another record than the updated record',
    fails: 'an updated record can be read when the hint arrives, and a record that the hint carries is the updated record',
    broken: () => (cache) => ({
      subscribe: (listener) => cache.subscribe({ ...listener, onHint: (hint) => listener.onHint({ ...hint, flag: null }) }),
    }),
  },
  {
    that: 'sends a hint with an updated record that it left out',
    fails: 'a hint carries no updated record that was left out',
    broken: () => {
      const sent = new Map<number, StoredRecord | null>()
      return (cache) => ({
        invalidate: (name, version, updatedRecord) => {
          if (updatedRecord) sent.set(version, updatedRecord.value)
          return cache.invalidate(name, version, updatedRecord)
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
    that: 'keeps an updated record for longer than it was told',
    fails: 'an updated record expires after its time to live, and its fence stays',
    broken: () => (cache) => ({
      invalidate: (name, version, updatedRecord) =>
        cache.invalidate(name, version, updatedRecord && { ...updatedRecord, ttlMs: 86_400_000 }),
    }),
  },
]

describe('the suite of the cache catches a cache that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
