import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CacheFill, CacheWant } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 50 })
})
afterEach(() => fleet.end())

describe('the cascade', () => {
  test('answers from the store, then from memory', async () => {
    const flags = fleet.client()
    const first = await flags.evaluate('new_feature', 'ada')
    const second = await flags.evaluate('new_feature', 'ada')
    expect([first.source, second.source]).toEqual(['store', 'memory'])
    expect({ ...second, source: 'store' }).toEqual(first)
    expect(first).toMatchObject({ name: 'new_feature', reason: 'SPLIT', rollout: 50, version: 1, asOf: 1, targetingKey: 'ada' })
  })

  test('answers another process from the flag in the shared cache, and the same user from the shared decision', async () => {
    await fleet.client().evaluate('new_feature', 'ada')
    await settle()
    const [other, third] = [fleet.client(), fleet.client()]
    expect((await other.evaluate('new_feature', 'bob')).source).toBe('cache')
    expect((await third.evaluate('new_feature', 'ada')).source).toBe('decision')
    expect(other.stats().store.reads + third.stats().store.reads).toBe(0)
  })

  test('gives isEnabled and evaluate a decision cache each', async () => {
    await fleet.client().isEnabled('new_feature', 'ada')
    await settle()
    const other = fleet.client()
    expect((await other.evaluate('new_feature', 'ada')).source).toBe('cache')
    const third = fleet.client()
    await third.isEnabled('new_feature', 'ada')
    expect(third.stats().decision).toEqual({ hits: 1, misses: 0 })
  })

  test('fills memory with the flag that came beside a decision', async () => {
    await fleet.client().evaluate('new_feature', 'ada')
    await settle()
    const other = fleet.client()
    expect((await other.evaluate('new_feature', 'ada')).source).toBe('decision')
    await settle()
    expect((await other.evaluate('new_feature', 'bob')).source).toBe('memory')
  })

  test('loads the flag after a decision that came without it', async () => {
    await fleet.client({ ttl: { flagMs: 0 } }).evaluate('new_feature', 'ada')
    await settle()
    const other = fleet.client()
    expect((await other.evaluate('new_feature', 'ada')).source).toBe('decision')
    await settle()
    expect((await other.evaluate('new_feature', 'bob')).source).toBe('memory')
    expect(other.stats().store).toEqual({ reads: 1, flags: 1 })
  })

  test('reads fence, flag and decision in one call', async () => {
    const wanted: (readonly CacheWant[])[] = []
    const cache = around(fleet.cache(), {
      read(next, names) {
        wanted.push(names)
        return next(names)
      },
    })
    await fleet.client({ cache }).isEnabled('new_feature', 'ada')
    expect(wanted).toEqual([[{ name: 'new_feature', decision: { kind: 'check', targetingKey: 'ada' } }]])
  })

  test('fills with the default times to live, flags with up to 10 % less', async () => {
    const fills: CacheFill[] = []
    const cache = around(fleet.cache(), {
      fill(next, all) {
        fills.push(...all)
        return next(all)
      },
    })
    await fleet.client({ cache }).isEnabled('new_feature', 'ada')
    await fleet.client({ cache, ttl: { flagMs: 0 } }).evaluate('new_feature', 'bob')
    await fleet.client({ cache }).isEnabled('missing')
    await settle()
    const flagMs = fills.map((fill) => fill.flag?.ttlMs)
    expect(flagMs[0]).toBeGreaterThanOrEqual(270_000)
    expect(flagMs[0]).toBeLessThanOrEqual(300_000)
    expect(fills.map((fill) => fill.decision?.ttlMs)).toEqual([30_000, 60_000, undefined])
    expect(flagMs[2]).toBeGreaterThanOrEqual(27_000)
    expect(flagMs[2]).toBeLessThanOrEqual(30_000)
    expect(fills[2]?.flag?.value).toBeNull()
  })
})

describe('with a layer left out', () => {
  test('without a cache, memory is filled from the store', async () => {
    const flags = fleet.client({ cache: undefined as never })
    expect((await flags.evaluate('new_feature', 'ada')).source).toBe('store')
    expect((await flags.evaluate('new_feature', 'ada')).source).toBe('memory')
    expect((await flags.admin.update('new_feature', { rollout: 100 })).propagation).toBe('ok')
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('without memory, every call asks the cache and not the store', async () => {
    const flags = fleet.client({ memory: false })
    const sources = []
    for (let call = 0; call < 3; call++) {
      sources.push((await flags.evaluate('new_feature', 'ada')).source)
      await settle()
    }
    expect(sources).toEqual(['store', 'decision', 'decision'])
    expect((await flags.evaluate('new_feature', 'bob')).source).toBe('cache')
    expect(flags.stats().store.reads).toBe(1)
  })

  test('without memory and cache, every call asks the store', async () => {
    const flags = fleet.client({ memory: false, cache: undefined as never })
    for (let call = 0; call < 3; call++) expect((await flags.evaluate('new_feature', 'ada')).source).toBe('store')
  })

  test('without memory, a decision without its flag is enough', async () => {
    const flags = fleet.client({ memory: false, ttl: { flagMs: 0 } })
    const sources = []
    for (let call = 0; call < 3; call++) {
      sources.push((await flags.evaluate('new_feature', 'ada')).source)
      await settle()
    }
    expect(sources).toEqual(['store', 'decision', 'decision'])
    expect(flags.stats().store.reads).toBe(1)
  })

  test.each([
    ['checkMs', 'isEnabled'],
    ['endpointMs', 'evaluate'],
  ] as const)('a ttl.%s of 0 keeps the decisions of %s out of the cache', async (ttl, call) => {
    const flags = fleet.client({ memory: false, ttl: { [ttl]: 0 } })
    for (let round = 0; round < 2; round++) {
      await flags[call]('new_feature', 'ada')
      await settle()
    }
    expect(flags.stats().decision).toEqual({ hits: 0, misses: 0 })
    expect(flags.stats().cache.hits).toBe(1)
  })

  test('with every ttl at 0 nothing is kept in the cache', async () => {
    const cache = around(fleet.cache())
    const flags = fleet.client({ cache, memory: false, ttl: { flagMs: 0, endpointMs: 0, checkMs: 0 } })
    for (let round = 0; round < 2; round++) expect((await flags.evaluate('new_feature', 'ada')).source).toBe('store')
    expect(cache.calls['fill']).toBe(undefined)
  })
})

describe('decisions are shared only where the targeting key is the only input', () => {
  test.each([
    ['attributes are given', { targetingKey: 'ada', plan: 'pro' }],
    ['the key is longer than 256 bytes', 'x'.repeat(257)],
    ['the key is longer than 256 bytes in UTF-8', 'ü'.repeat(129)],
    ['there is no key', undefined],
  ])('not when %s', async (_, who) => {
    const flags = fleet.client({ memory: false })
    for (let round = 0; round < 2; round++) {
      await flags.isEnabled('new_feature', who)
      await settle()
    }
    expect(flags.stats().decision).toEqual({ hits: 0, misses: 0 })
  })

  test.each([
    ['a string', 'ada'],
    ['a number', 7],
    ['a context of a targeting key alone', { targetingKey: 'ada' }],
    ['256 bytes', 'ü'.repeat(128)],
  ])('for %s', async (_, who) => {
    const flags = fleet.client({ memory: false })
    for (let round = 0; round < 2; round++) {
      await flags.isEnabled('new_feature', who)
      await settle()
    }
    expect(flags.stats().decision).toEqual({ hits: 1, misses: 1 })
  })

  test('never for a flag that does not exist, so that each caller keeps its own default', async () => {
    const flags = fleet.client({ memory: false })
    expect(await flags.isEnabled('missing', 'ada', { default: true })).toBe(true)
    await settle()
    expect(await flags.isEnabled('missing', 'ada')).toBe(false)
    expect(flags.stats().decision.hits).toBe(0)
  })
})

describe('a flag that does not exist', () => {
  test('is the default, with FLAG_NOT_FOUND and the layer that answered', async () => {
    const flags = fleet.client()
    const first = await flags.evaluate('missing', 'ada', { default: true })
    expect(first).toMatchObject({ enabled: true, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND', source: 'store', asOf: 1 })
    expect((await flags.evaluate('missing', 'ada')).source).toBe('memory')
    expect((await fleet.client().evaluate('missing', 'ada')).source).toBe('cache')
    expect(fleet.errors).toEqual([])
  })

  test('is answered as soon as it is created', async () => {
    const [flags, other] = [fleet.client(), fleet.client()]
    for (const client of [flags, other]) expect(await client.isEnabled('missing', 'ada')).toBe(false)
    await flags.admin.create({ name: 'missing', rollout: 100 })
    expect(await flags.isEnabled('missing', 'ada')).toBe(true)
    await settle()
    expect(await other.isEnabled('missing', 'ada')).toBe(true)
  })

  test('does not push real flags out of memory, however many names are made up', async () => {
    const flags = fleet.client({ memory: { maxFlags: 10 } })
    await flags.isEnabled('new_feature', 'ada')
    for (let index = 0; index < 50; index++) await flags.isEnabled(`missing_${index}`, 'ada')
    expect((await flags.evaluate('new_feature', 'ada')).source).toBe('memory')
  })
})

test('memory keeps maxFlags flags, and asks the cache for the others', async () => {
  for (let index = 0; index < 3; index++) await fleet.store.create({ name: `flag_${index}`, rollout: 100 })
  const flags = fleet.client({ memory: { maxFlags: 2 } })
  for (let index = 0; index < 3; index++) await flags.isEnabled(`flag_${index}`, { targetingKey: 'ada', plan: 'pro' })
  await settle()
  expect((await flags.evaluate('flag_2', 'bob')).source).toBe('memory')
  expect((await flags.evaluate('flag_0', 'bob')).source).toBe('cache')
})
