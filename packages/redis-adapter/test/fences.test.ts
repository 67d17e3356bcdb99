import { redisCache } from '@flagstone/redis-adapter'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { flagFill, openCache, openRedisClient, record, redisUrl, tokenOf, uniquePrefix } from './test-redis.ts'

const redis = openRedisClient()
const prefix = uniquePrefix(redis)
const { cache, reports } = await openCache(prefix)
let count = 0
let name = ''
let fence = ''

beforeEach(() => {
  name = `fence_${++count}`
  fence = `${prefix}flag_fence:${name}`
  reports.length = 0
})

describe('a read', () => {
  it('keeps the placeholder that the read before it installed', async () => {
    const token = await tokenOf(cache, name)
    expect(await tokenOf(cache, name)).toBe(token)
    expect(await redis.get(fence)).toBe(token)
  })

  it('installs one placeholder however many processes find the fence missing at once', async () => {
    const other = (await openCache(prefix)).cache
    const tokens = await Promise.all([cache, other, cache, other].map((each) => tokenOf(each, name)))
    expect(new Set(tokens).size).toBe(1)
  })

  it('ignores all entries if the fence was missing', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([flagFill(name, token, 1)])
    await redis.del(fence)
    const [read] = await cache.read([{ name }])
    expect(read).toEqual({ token: await redis.get(fence), fenceVersion: 0 })
    expect(read?.token).not.toBe(token)
    expect(await cache.fill([flagFill(name, token, 9)])).toEqual([false])
  })

  it('returns the version of the fence', async () => {
    await cache.invalidate(name, Number.MAX_SAFE_INTEGER)
    expect(await cache.read([{ name }])).toEqual([
      { token: expect.stringContaining(`storeA.${Number.MAX_SAFE_INTEGER}.`), fenceVersion: Number.MAX_SAFE_INTEGER },
    ])
  })

  it("before open() returns the entries of any store's fence, without tokens, and sets no placeholder", async () => {
    const unopened = redisCache({ url: redisUrl, prefix })
    afterAll(() => unopened.close())
    const token = await tokenOf(cache, name)
    await cache.fill([flagFill(name, token, 1)])
    expect(await unopened.read([{ name }, { name: 'missing' }])).toEqual([
      { token: undefined, fenceVersion: 0, flag: { asOf: 1, value: record(name) } },
      { token: undefined, fenceVersion: 0 },
    ])
    expect(await redis.exists(`${prefix}flag_fence:missing`)).toBe(0)
    expect(await unopened.fill([flagFill(name, token, 1)])).toEqual([false])
    await expect(unopened.invalidate(name, 1)).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
  })

  it.each([
    '',
    'garbage',
    'storeA.x.nonce',
    'storeA.99999999999999999.nonce',
    'storeA.9007199254740993.nonce',
    'storeA.1.',
    'storeA.1.a.b',
    'storeA.1.a|b',
  ])('replaces the corrupt fence %j, and reports it once', async (garbage) => {
    await redis.set(fence, garbage)
    if (!garbage.includes('|')) await redis.set(`${prefix}feature_flag:${name}`, `${garbage}|1|null`)
    const token = await tokenOf(cache, name)
    expect(await cache.read([{ name }])).toEqual([{ token, fenceVersion: 0 }])
    expect(reports).toMatchObject([{ code: 'PARSE_ERROR', flag: name }])
    expect(await redis.pttl(fence)).toBeGreaterThan(50_000)
  })

  it('replaces a fence of another Redis type, and reports it once', async () => {
    await redis.rpush(fence, 'a list')
    const token = await tokenOf(cache, name)
    expect(await tokenOf(cache, name)).toBe(token)
    expect(reports).toMatchObject([{ code: 'PARSE_ERROR', flag: name }])
  })
})

describe('a fill is refused', () => {
  const check = (token: string, asOf: number, value = true) => ({
    name,
    token,
    decision: { kind: 'check' as const, targetingKey: 'ann', asOf, value, ttlMs: 30_000 },
  })

  it('when the fence is no longer the token', async () => {
    const token = await tokenOf(cache, name)
    await cache.invalidate(name, 4)
    expect(await cache.fill([flagFill(name, token, 9), check(token, 9)])).toEqual([false, false])
    expect(await redis.keys(`${prefix}f*:${name}*`)).toEqual([fence])
  })

  it('when the fence is gone or of another type', async () => {
    const token = await tokenOf(cache, name)
    await redis.del(fence)
    expect(await cache.fill([flagFill(name, token, 1)])).toEqual([false])
    await redis.rpush(fence, 'x')
    expect(await cache.fill([flagFill(name, token, 1)])).toEqual([false])
  })

  it('when the token is invalid, even if the fence has the same text', async () => {
    await redis.set(fence, 'storeA.x')
    expect(await cache.fill([flagFill(name, 'storeA.x', 1), flagFill(name, '', 1)])).toEqual([false, false])
  })

  it('when its "as of" is below the version of the fence', async () => {
    await cache.invalidate(name, 10)
    const token = await tokenOf(cache, name)
    expect(await cache.fill([flagFill(name, token, 9), check(token, 9)])).toEqual([false, false])
    expect(await cache.fill([flagFill(name, token, 10), check(token, 10)])).toEqual([true, true])
  })

  it('when its "as of" is below that of the valid entry; an equal one is accepted', async () => {
    const token = await tokenOf(cache, name)
    expect(await cache.fill([flagFill(name, token, 5), check(token, 5)])).toEqual([true, true])
    expect(await cache.fill([flagFill(name, token, 4), check(token, 4, false)])).toEqual([false, false])
    expect(await cache.fill([flagFill(name, token, 5, null), check(token, 5, false)])).toEqual([true, true])
    expect(await cache.read([{ name, decision: { kind: 'check', targetingKey: 'ann' } }])).toMatchObject([
      { flag: { asOf: 5, value: null }, decision: { asOf: 5, value: false } },
    ])
  })

  it('compares "as of" as a number', async () => {
    const token = await tokenOf(cache, name)
    expect(await cache.fill([flagFill(name, token, 9)])).toEqual([true])
    expect(await cache.fill([flagFill(name, token, 10)])).toEqual([true])
    expect(await cache.fill([flagFill(name, token, 9)])).toEqual([false])
  })

  it('as a whole: if the decision is refused, the flag is too', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([check(token, 7)])
    expect(await cache.fill([{ ...flagFill(name, token, 6), ...check(token, 6, false) }])).toEqual([false])
    expect(await redis.exists(`${prefix}feature_flag:${name}`)).toBe(0)
  })

  it('but not because of an entry whose token is outdated', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([check(token, 50)])
    await cache.invalidate(name, 10)
    const next = await tokenOf(cache, name)
    expect(await cache.fill([check(next, 10, false)])).toEqual([true])
    expect(reports).toEqual([])
  })

  it('alone: the other fills of the batch are stored', async () => {
    const token = await tokenOf(cache, name)
    const other = await tokenOf(cache, `${name}_b`)
    expect(await cache.fill([flagFill(name, 'storeA.0.stale', 1), flagFill(`${name}_b`, other, 1), flagFill(name, token, 1)])).toEqual([
      false,
      true,
      true,
    ])
  })
})

describe('an invalidation', () => {
  it('raises the fence once, deletes the flag, and leaves outdated decisions to expire', async () => {
    const token = await tokenOf(cache, name)
    const decision = { kind: 'check' as const, targetingKey: 'ann', asOf: 1, value: true, ttlMs: 30_000 }
    await cache.fill([{ ...flagFill(name, token, 1), decision }])
    expect(await cache.invalidate(name, 3)).toBe('raised')
    const raised = await redis.get(fence)
    expect(raised).toMatch(/^storeA\.3\.[\w-]{8,}$/)
    expect(await redis.pttl(fence)).toSatisfy((ms: number) => ms > 86_300_000 && ms <= 86_400_000)
    expect(await redis.exists(`${prefix}feature_flag:${name}`)).toBe(0)
    expect(await cache.read([{ name, decision }])).toEqual([{ token: raised, fenceVersion: 3 }])
    expect(await cache.invalidate(name, 3)).toBe('already')
    expect(await cache.invalidate(name, 2)).toBe('already')
    expect(await redis.get(fence)).toBe(raised)
    expect(await cache.invalidate(name, 4)).toBe('raised')
    expect(await cache.invalidate(name, 10)).toBe('raised')
    expect(await cache.invalidate(name, 9)).toBe('already')
  })

  it('keeps newer entries if the fence is already as high', async () => {
    await cache.invalidate(name, 3)
    await cache.fill([flagFill(name, await tokenOf(cache, name), 3)])
    await cache.invalidate(name, 3)
    expect(await cache.read([{ name }])).toMatchObject([{ flag: { asOf: 3 } }])
  })

  it.each(['garbage', 'storeB.99.nonce'])('overwrites the fence %s', async (old) => {
    await redis.set(fence, old)
    expect(await cache.invalidate(name, 3)).toBe('raised')
    expect(await redis.get(fence)).toContain('storeA.3.')
  })

  it('overwrites a fence of another Redis type', async () => {
    await redis.rpush(fence, 'x')
    expect(await cache.invalidate(name, 3)).toBe('raised')
    expect(await redis.get(fence)).toContain('storeA.3.')
  })
})

describe('two stores on one prefix', () => {
  it('never see each other’s flags, and each reports it once', async () => {
    const { cache: other, reports: told } = await openCache(prefix, 'storeB')
    for (const round of [1, 2, 3]) {
      const own = await tokenOf(cache, name)
      expect(await cache.fill([flagFill(name, own, round)])).toEqual([true])
      const [read] = await other.read([{ name }])
      expect(read).toEqual({ token: expect.stringMatching(/^storeB\.0\./), fenceVersion: 0 })
      expect(await other.fill([flagFill(name, own, round)])).toEqual([false])
      expect(await cache.fill([flagFill(name, read?.token ?? '', round)])).toEqual([false])
    }
    expect(told).toMatchObject([{ code: 'CACHE_SHARED_BY_STORES', flag: name }])
    expect(reports).toMatchObject([{ code: 'CACHE_SHARED_BY_STORES' }])
  })

  it('also stay apart if one cache is opened for one after the other', async () => {
    const { cache: moving } = await openCache(prefix, 'storeA')
    const token = await tokenOf(moving, name)
    await moving.open('storeC')
    expect(await moving.fill([flagFill(name, token, 1)])).toEqual([false])
    expect((await moving.read([{ name }]))[0]?.token).toMatch(/^storeC\.0\./)
  })

  it.each(['', 'a.b', 'a|b', 'a\nb', 'x'.repeat(201)])('need ids that fit into a token, unlike %j', async (storeId) => {
    const refused = redisCache({ url: redisUrl, prefix })
    await expect(refused.open(storeId)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await refused.close()
  })
})

describe('forget and purge', () => {
  it('forget drops fence and flag of each name, whatever their version', async () => {
    await cache.invalidate(name, 99)
    await cache.fill([flagFill(name, await tokenOf(cache, name), 99)])
    await cache.forget([name, `${name}_unknown`])
    expect(await redis.keys(`${prefix}*${name}*`)).toEqual([])
    expect(await cache.invalidate(name, 1)).toBe('raised')
    await cache.forget([])
  })

  it('purge drops everything under the prefix, of every store, and nothing else', async () => {
    const odd = `${prefix}[a-z]*?\\^:`
    const { cache: own } = await openCache(odd)
    const names = Array.from({ length: 1_200 }, (_, n) => `many_${n}`)
    const reads = await own.read(names.map((each) => ({ name: each })))
    const decision = { kind: 'check' as const, targetingKey: 'ann', asOf: 1, value: true, ttlMs: 30_000 }
    await own.fill(names.map((each, n) => ({ ...flagFill(each, reads[n]?.token ?? '', 1), decision })))
    await redis.set(`${odd}flag_fence:foreign`, 'storeZ.5.nonce')
    const kept = [`${odd}flag_other:x`, `${odd}zebra`, `${prefix}b:flag_fence:x`, `${prefix}flag_fence:x`]
    for (const key of kept) await redis.set(key, '1')
    expect(await own.purge()).toBe(3 * 1_200 + 1)
    expect(await redis.exists(...kept)).toBe(kept.length)
    expect(await own.purge()).toBe(0)
  })
})
