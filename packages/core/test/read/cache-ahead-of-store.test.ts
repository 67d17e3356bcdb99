import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FlagCache, FlagRecord } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
let down = false
beforeEach(async () => {
  fleet = new Fleet()
  down = false
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

const refuse = (): Promise<never> => Promise.reject(new Error('connection refused'))

/** A store that refuses while `down`. */
function store() {
  return around(fleet.store, {
    head: (next, ...args) => (down ? refuse() : next(...args)),
    load: (next, ...args) => (down ? refuse() : next(...args)),
    changesSince: (next, ...args) => (down ? refuse() : next(...args)),
  })
}

/** Puts into the cache what the store never committed: a flag at 100 % as of `asOf`, behind a fence of `fenceVersion`. */
async function forge(asOf: number, fenceVersion: number): Promise<FlagCache> {
  const cache = fleet.cache()
  await cache.open((await fleet.store.head()).storeId)
  if (fenceVersion > 0) await cache.invalidate('new_feature', fenceVersion)
  const [read] = await cache.read([{ name: 'new_feature' }])
  const record = (await fleet.store.load(['new_feature'])).flags.get('new_feature') as FlagRecord
  const value = { ...record, rollout: 100, version: Math.min(asOf, 1_000) }
  await cache.fill([{ name: 'new_feature', token: read?.token ?? '', flag: { asOf, value, ttlMs: 60_000 } }])
  return cache
}

describe('a cache entry that is ahead of the store', () => {
  test.each([
    ['alone', 91_234, 0],
    ['with a fence, as from a history that a restored store has lost,', 10, 10],
  ])('%s is refused, reported, and removed', async (_, asOf, fenceVersion) => {
    const cache = await forge(asOf, fenceVersion)
    const flags = fleet.deaf()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, source: 'store', version: 1 })
    expect(fleet.codes).toEqual(['PARSE_ERROR'])
    await settle()
    expect((await cache.read([{ name: 'new_feature' }]))[0]).toMatchObject({ fenceVersion: 0 })
    await flags.admin.update('new_feature', { rollout: 10 })
    await settle()
    expect(await fleet.deaf().evaluate('new_feature', 'ada')).toMatchObject({ version: 2 })
    expect((await flags.evaluate('new_feature', 'ada')).version).toBe(2)
  })

  test('may be a fence alone, which does not keep the flag out of the cache for good', async () => {
    const cache = await forge(1, 50)
    await fleet.deaf().isEnabled('new_feature', 'ada')
    await settle()
    expect(await fleet.deaf().evaluate('new_feature', 'bob')).toMatchObject({ source: 'store' })
    await settle()
    expect((await fleet.deaf().evaluate('new_feature', 'bob')).source).not.toBe('store')
    expect((await cache.read([{ name: 'new_feature' }]))[0]?.fenceVersion).toBe(0)
  })

  test('counts for now, marked STALE, while the store cannot be asked, and is refuted when the store is back', async () => {
    const flags = fleet.deaf({ store: store() })
    await flags.ready()
    await forge(91_234, 0)
    down = true
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', source: 'cache' })
    down = false
    await fleet.clock.advance(2_000)
    expect(fleet.codes).toContain('PARSE_ERROR')
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, reason: 'STATIC', version: 1 })
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STATIC', version: 2 })
  })

  test('is confirmed when the store is back and has it: no answer goes back', async () => {
    const flags = fleet.deaf({ store: store(), memory: false })
    await flags.ready()
    down = true
    const writer = fleet.deaf()
    await writer.admin.update('new_feature', { rollout: 100 })
    await fleet.deaf({ memory: false }).isEnabled('new_feature', 'bob')
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', asOf: 2 })
    down = false
    await fleet.clock.advance(2_000)
    expect(fleet.codes).not.toContain('PARSE_ERROR')
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, asOf: 2 })
  })

  test('counts at once where another process has loaded it since the last catch-up', async () => {
    const flags = fleet.deaf()
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.deaf().isEnabled('new_feature', 'ada')
    await settle()
    expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ enabled: true, source: 'cache', reason: 'STATIC' })
    expect(fleet.errors).toEqual([])
  })
})

describe('a process that started without the store', () => {
  test('does not trust what it took from the cache meanwhile, once the store is back', async () => {
    await fleet.deaf().isEnabled('new_feature', 'ada')
    await settle()
    await fleet.store.update('new_feature', { rollout: 100 })
    down = true
    const flags = fleet.deaf({ store: store() })
    expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ enabled: false, reason: 'STALE' })
    down = false
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ enabled: true, reason: 'STATIC', version: 2 })
  })

  test('reads a flag from the cache at most every 2 s', async () => {
    const cache = around(fleet.cache())
    const flags = fleet.deaf({ store: store(), cache })
    await flags.isEnabled('new_feature', 'ada')
    await cache.purge()
    down = true
    await fleet.clock.advance(31_000)
    const before = cache.calls['read'] ?? 0
    for (let call = 0; call < 20; call++) {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, reason: 'STALE', source: 'memory' })
      await fleet.clock.advance(50)
    }
    expect((cache.calls['read'] ?? 0) - before).toBeLessThanOrEqual(1)
  })

  test('waits for a hung store only with its first calls', async () => {
    const hung = around(fleet.store, { head: () => new Promise<never>(() => undefined) })
    const flags = fleet.deaf({ store: hung, cache: undefined as never })
    const first = flags.evaluate('new_feature', 'ada')
    const second = settle().then(() => flags.evaluate('new_feature', 'bob'))
    await fleet.clock.until(Promise.all([first, second]))
    const at = fleet.clock.monotonic()
    await flags.evaluate('new_feature', 'cleo')
    expect(fleet.clock.monotonic()).toBe(at)
  })
})

test('minVersion holds for stale answers, too', async () => {
  const flags = fleet.deaf({ store: store(), memory: false })
  const { version } = await fleet.client().admin.update('new_feature', { rollout: 100 })
  await flags.isEnabled('new_feature', 'ada', { minVersion: version })
  const cache = fleet.cache()
  await cache.open((await fleet.store.head()).storeId)
  await cache.purge()
  const [read] = await cache.read([{ name: 'new_feature' }])
  const record = (await fleet.store.load(['new_feature'])).flags.get('new_feature') as FlagRecord
  const value = { ...record, rollout: 0, version: 1 }
  await cache.fill([{ name: 'new_feature', token: read?.token ?? '', flag: { asOf: 1, value, ttlMs: 60_000 } }])
  down = true
  const fresh = fleet.deaf({ store: around(fleet.store, { load: refuse }), memory: false })
  expect(await fresh.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, reason: 'STALE' })
  expect(await fresh.evaluate('new_feature', 'ada', { minVersion: version })).toMatchObject({ errorCode: 'VERSION_NOT_REACHED' })
})
