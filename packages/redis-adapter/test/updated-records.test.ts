import type { CacheUpdatedRecord, FlagRecord, Hint } from '@flagstone/core/adapter'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { flagFill, openCache, openRedisClient, record, tokenOf, uniquePrefix, waitUntil } from './test-redis.ts'

const redis = openRedisClient()
const prefix = uniquePrefix(redis)
const { cache } = await openCache(prefix)
const hints: Hint[] = []
const end = await cache.subscribe?.({ onHint: (hint) => hints.push(hint), onResync: () => {}, onDown: () => {} })
afterAll(() => end?.())
let count = 0
let name = ''

beforeEach(() => {
  name = `successor_${++count}`
  hints.length = 0
})

function updatedRecord(token: string, value: FlagRecord | null): CacheUpdatedRecord {
  return { token, value, ttlMs: 300_000 }
}

describe('an updated record', () => {
  it('is stored in Redis under the new fence, for its time to live', async () => {
    await cache.invalidate(name, 5, updatedRecord(await tokenOf(cache, name), record(name, 5)))
    const [fence, entry] = await redis.mget(`${prefix}flag_fence:${name}`, `${prefix}feature_flag:${name}`)
    expect(fence).toMatch(/^storeA\.5\./)
    expect(entry).toBe(`${fence}|5|${JSON.stringify(record(name, 5))}`)
    expect(await redis.pttl(`${prefix}feature_flag:${name}`)).toBeGreaterThan(290_000)
  })

  it.each([
    ['garbage', (key: string) => redis.set(key, 'garbage')],
    ['something of another Redis type', (key: string) => redis.rpush(key, 'x')],
  ])('takes the place of %s', async (_, put) => {
    const token = await tokenOf(cache, name)
    await put(`${prefix}feature_flag:${name}`)
    expect(await cache.invalidate(name, 5, updatedRecord(token, record(name, 5)))).toBe('raised')
    expect(await cache.read([{ name }])).toMatchObject([{ fenceVersion: 5, flag: { asOf: 5 } }])
  })

  it('compares "as of" as a number', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([flagFill(name, token, 9)])
    await cache.invalidate(name, 10, updatedRecord(token, record(name, 10)))
    expect(await cache.read([{ name }])).toMatchObject([{ flag: { asOf: 10 } }])
  })

  it('of more than 10,000 characters is not part of the hint', async () => {
    const value = Array.from({ length: 800 }, (_, n) => `plan-${n}`.padEnd(20, '-'))
    const long = record(name, 5, { schema: 2, rules: [{ when: [{ attribute: 'plan', operator: 'in', value }] }] })
    await cache.invalidate(name, 5, updatedRecord(await tokenOf(cache, name), long))
    await waitUntil(() => hints.length === 1)
    expect(hints).toEqual([{ name, version: 5 }])
    expect(await cache.read([{ name }])).toMatchObject([{ flag: { asOf: 5, value: long } }])
  })
})

describe('a hint', () => {
  it.each([
    ['the record', () => JSON.stringify(record(name, 7)), () => ({ flag: record(name, 7) })],
    ['an absence', () => 'null', () => ({ flag: null })],
    ['nothing that is not JSON', () => '{', () => ({})],
    ['nothing that is no record', () => '{"name":"x"}', () => ({})],
    ['nothing of another flag', () => JSON.stringify(record('another', 7)), () => ({})],
    ['nothing that a newer build wrote', () => JSON.stringify(record(name, 7, { schema: 1_000 })), () => ({})],
    ['nothing that is too long', () => JSON.stringify(record(name, 7)).padEnd(10_001), () => ({})],
    ['nothing that is empty', () => '', () => ({})],
  ])('brings along %s', async (_, body, brought) => {
    await redis.publish(`${prefix}flag_hints:storeA`, `7:${name}|${body()}`)
    await waitUntil(() => hints.length === 1)
    expect(hints).toEqual([{ name, version: 7, ...brought() }])
  })
})
