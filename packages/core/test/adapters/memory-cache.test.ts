import { describe, expect, test } from 'vitest'
import { memoryCache } from '../../src/adapters/memory/memory-cache.ts'
import { sharedMemoryCache } from '../../src/adapters/memory/shared-memory-cache.ts'
import type { CacheRead, FlagCache, FlagRecord, Hint } from '../../src/contracts/index.ts'
import { ManualClock } from '../manual-clock.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000

const RECORD: FlagRecord = {
  name: 'a',
  schema: 1,
  tags: ['x'],
  enabled: true,
  rollout: 50,
  hashVersion: 1,
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
}

async function read(cache: FlagCache, name: string, targetingKey = 'u'): Promise<CacheRead> {
  const [found] = await cache.read([{ name, decision: { kind: 'check', targetingKey } }])
  return found as CacheRead
}

async function fill(cache: FlagCache, name: string, value: FlagRecord | null = RECORD, ttlMs = 300_000): Promise<boolean | undefined> {
  const { token } = await read(cache, name)
  const [kept] = await cache.fill([{ name, token: String(token), flag: { asOf: 1, value: value && { ...value, name }, ttlMs } }])
  return kept
}

async function opened(options?: Parameters<typeof memoryCache>[0]): Promise<FlagCache> {
  const cache = memoryCache(options)
  await cache.open('store')
  return cache
}

describe('a memory cache', () => {
  test('shares nothing with another one', async () => {
    const [one, two] = [await opened(), await opened()]
    const hints: Hint[] = []
    await two.subscribe?.({ onHint: (hint) => hints.push(hint), onResync: () => {}, onDown: () => {} })
    await fill(one, 'a')
    await one.invalidate('b', 3)
    expect((await read(two, 'a')).flag).toBeUndefined()
    expect((await read(two, 'b')).fenceVersion).toBe(0)
    expect(hints).toEqual([])
  })

  test('keeps copies of what it is given, and gives frozen ones', async () => {
    const cache = await opened()
    const { token } = await read(cache, 'a')
    const value = { ...RECORD, tags: ['x'] }
    const filling = cache.fill([{ name: 'a', token: String(token), flag: { asOf: 1, value, ttlMs: 1_000 } }])
    value.tags.push('y')
    await filling
    value.tags.push('z')
    const found = (await read(cache, 'a')).flag?.value as unknown as { tags: string[] }
    expect(found.tags).toEqual(['x'])
    expect(() => found.tags.push('y')).toThrow(TypeError)
  })

  test('reads what was wanted when the call was made', async () => {
    const cache = await opened()
    await fill(cache, 'a')
    const wanted = [{ name: 'a' }]
    const reading = cache.read(wanted)
    wanted[0] = { name: 'b' }
    expect((await reading)[0]?.flag).toBeDefined()
    const names = ['b']
    const forgetting = cache.forget(names)
    names[0] = 'a'
    await forgetting
    expect((await read(cache, 'a')).flag).toBeDefined()
  })

  test('works after close, because others may share it', async () => {
    const cache = await opened()
    await cache.close()
    expect(await fill(cache, 'a')).toBe(true)
  })

  test('cannot invalidate before it knows a store', async () => {
    await expect(memoryCache().invalidate('a', 1)).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      flag: 'a',
      message: expect.stringContaining('open()'),
    })
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10_000_001])('refuses maxEntries %d, and names the option', (maxEntries) => {
    const refusal = { code: 'INVALID_OPTIONS', message: expect.stringContaining('maxEntries') }
    expect(() => memoryCache({ maxEntries })).toThrow(expect.objectContaining(refusal))
  })
})

describe('a memory cache that is full', () => {
  test('holds no more than maxEntries, and drops the least recently used first', async () => {
    const cache = await opened({ maxEntries: 6 })
    for (const name of ['a', 'b', 'c']) expect(await fill(cache, name)).toBe(true)
    await read(cache, 'a')
    await fill(cache, 'd')
    expect((await read(cache, 'a')).flag).toBeDefined()
    expect((await read(cache, 'd')).flag).toBeDefined()
    expect(await cache.purge()).toBeLessThanOrEqual(6)
  })

  test('that dropped a fence counts no entry under it', async () => {
    const cache = await opened({ maxEntries: 3 })
    await cache.invalidate('a', 5)
    const { token } = await read(cache, 'a')
    for (const name of ['b', 'c', 'd']) await read(cache, name)
    const late = { asOf: 9, value: RECORD, ttlMs: 1_000 }
    expect(await cache.fill([{ name: 'a', token: String(token), flag: late }])).toEqual([false])
    const now = await read(cache, 'a')
    expect(now.fenceVersion).toBe(0)
    expect(now.token).not.toBe(token)
  })

  test('of one entry still answers', async () => {
    const cache = await opened({ maxEntries: 1 })
    await fill(cache, 'a')
    expect((await read(cache, 'a')).flag).toBeUndefined()
  })
})

describe('the fence of a memory cache', () => {
  test('is a placeholder for 60 s where only an absence or a decision was filled', async () => {
    const clock = new ManualClock()
    const cache = await opened({ clock })
    const { token } = await read(cache, 'a')
    await fill(cache, 'a', null)
    const decision = { kind: 'check', targetingKey: 'u', asOf: 1, value: true, ttlMs: HOUR_MS } as const
    await cache.fill([{ name: 'a', token: String(token), decision }])
    await clock.advance(60 * SECOND_MS - 1)
    expect(await read(cache, 'a')).toMatchObject({ token, flag: { value: null }, decision: { value: true } })
    await clock.advance(1)
    const later = await read(cache, 'a')
    expect(later.token).not.toBe(token)
    expect(later.flag ?? later.decision).toBeUndefined()
  })

  test('lasts 24 h where a flag was filled, and where it was raised', async () => {
    const clock = new ManualClock()
    const cache = await opened({ clock })
    await fill(cache, 'filled', RECORD, 48 * HOUR_MS)
    await cache.invalidate('raised', 7)
    await clock.advance(24 * HOUR_MS - 1)
    expect((await read(cache, 'filled')).flag).toBeDefined()
    expect((await read(cache, 'raised')).fenceVersion).toBe(7)
    await clock.advance(1)
    expect((await read(cache, 'filled')).flag).toBeUndefined()
    expect((await read(cache, 'raised')).fenceVersion).toBe(0)
  })

  test('has a token of store id, version and nonce', async () => {
    const cache = await opened()
    expect((await read(cache, 'a')).token).toMatch(/^store\.0\.[\w-]{12}$/)
    await cache.invalidate('a', 12)
    expect((await read(cache, 'a')).token).toMatch(/^store\.12\.[\w-]{12}$/)
  })
})

describe('purge', () => {
  test('does not count expired entries', async () => {
    const clock = new ManualClock()
    const cache = await opened({ clock })
    await fill(cache, 'a', RECORD, 10 * SECOND_MS)
    await clock.advance(10 * SECOND_MS)
    expect(await cache.purge()).toBe(1)
  })
})

describe('clients of one space', () => {
  test('get the hints of their own store only, and of every store until they know theirs', async () => {
    const space = sharedMemoryCache()
    const [one, two, unopened] = [space.connect(), space.connect(), space.connect()]
    await one.open('one')
    await two.open('two')
    const heard: string[] = []
    for (const [who, client] of Object.entries({ one, two, unopened })) {
      await client.subscribe?.({ onHint: ({ name }) => heard.push(`${who} ${name}`), onResync: () => {}, onDown: () => {} })
    }
    await one.invalidate('a', 3)
    await two.invalidate('b', 3)
    await Promise.resolve()
    expect(heard).toEqual(['one a', 'unopened a', 'two b', 'unopened b'])
  })

  test('report another store again after they have switched stores', async () => {
    const space = sharedMemoryCache()
    const [other, cache] = [space.connect(), space.connect()]
    await other.open('other')
    const codes: string[] = []
    for (const storeId of ['one', 'one', 'two']) {
      await cache.open(storeId, ({ code }) => codes.push(code))
      await read(other, 'a')
      await read(cache, 'a')
    }
    expect(codes).toEqual(['CACHE_SHARED_BY_STORES', 'CACHE_SHARED_BY_STORES'])
  })

  test('need no report function', async () => {
    const space = sharedMemoryCache()
    const [one, two] = [space.connect(), space.connect()]
    await one.open('one')
    await two.open('two')
    await fill(one, 'a')
    expect((await read(two, 'a')).flag).toBeUndefined()
  })
})
