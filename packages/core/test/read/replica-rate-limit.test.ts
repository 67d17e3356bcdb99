import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Loaded } from '../../src/index.ts'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'
import { type Replicated, replicated } from '../replicated-store.ts'

let fleet: Fleet
let pair: Replicated
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
  pair = replicated(fleet.store)
})
afterEach(() => fleet.end())

const NO_CACHE = { cache: undefined as never }

/** Calls every 100 ms for 1.9 s. */
async function burst(call: () => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 20; round++) {
    if (round > 0) await fleet.clock.advance(100)
    await call()
  }
}

describe('with the primary down, a replica is asked for a flag at most every 2 s', () => {
  test.each([
    ['while the lease runs', 0, true],
    ['when the lease has run out', 31_000, false],
  ] as const)('%s', async (_, wait, leased) => {
    const cache = around(fleet.cache())
    const flags = fleet.client({ store: pair.store, cache })
    await flags.ready()
    pair.primary = 'down'
    await fleet.clock.advance(wait)
    const loads = pair.store.calls['load'] ?? 0
    const call = async (): Promise<void> => {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE' })
    }
    for (let queries = 1; queries <= 3; queries++) {
      await burst(call)
      expect(flags.stats().leased).toBe(leased)
      expect(pair.asked).toHaveLength(queries)
      expect(cache.calls['read']).toBe(queries)
      expect((pair.store.calls['load'] ?? 0) - loads).toBeLessThanOrEqual(queries)
      await fleet.clock.advance(100)
    }
  })

  test('when the flag does not exist', async () => {
    const flags = fleet.client({ store: pair.store, ...NO_CACHE })
    await flags.ready()
    pair.primary = 'down'
    await burst(async () => expect(await flags.evaluate('missing')).toMatchObject({ reason: 'STALE', errorCode: 'FLAG_NOT_FOUND' }))
    expect(pair.asked).toEqual([['missing']])
  })

  test('when the outage has lasted for hours', async () => {
    const flags = fleet.client({ store: pair.store, ...NO_CACHE })
    await flags.ready()
    pair.primary = 'down'
    for (let minutes = 0; minutes < 150; minutes += 30) {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STALE', source: 'store' })
      await fleet.clock.advance(30 * 60_000)
    }
    pair.asked.splice(0)
    await burst(() => flags.evaluate('new_feature', 'ada'))
    expect(pair.asked).toHaveLength(1)
  })

  test.each([
    ['is too old to be given', {}],
    ['cannot be reached', { replica: 'down' }],
    ['is of another store', { instead: (loaded: Loaded) => ({ ...loaded, storeId: 'another' }) }],
  ] as const)('when the replica %s', async (_, trouble) => {
    const flags = fleet.client({ store: pair.store, memory: false, ...NO_CACHE })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 0 })
    await flags.isEnabled('new_feature', 'ada')
    pair.primary = 'down'
    Object.assign(pair, trouble)
    for (let queries = 1; queries <= 2; queries++) {
      await burst(async () => expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'ERROR', source: 'default' }))
      expect(pair.asked).toHaveLength(queries)
      await fleet.clock.advance(100)
    }
  })

  test('but on each call without memory, as nothing else keeps the answer', async () => {
    const flags = fleet.client({ store: pair.store, memory: false, ...NO_CACHE })
    await flags.ready()
    pair.primary = 'down'
    await burst(async () => expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STALE', source: 'store' }))
    expect(pair.asked).toHaveLength(20)
  })
})

test('a replica is not asked while the lease vouches for the flag in memory', async () => {
  const flags = fleet.client({ store: pair.store, ...NO_CACHE })
  await flags.isEnabled('new_feature', 'ada')
  pair.primary = 'down'
  await burst(async () => expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STATIC', source: 'memory' }))
  expect(pair.asked).toEqual([])
})

describe('when the primary is back, the answer is no longer STALE', () => {
  async function answeredStale() {
    const flags = fleet.client({ store: pair.store, ...NO_CACHE })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 0 })
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 1, reason: 'STALE' })
    pair.primary = 'up'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 1, reason: 'STALE', source: 'memory' })
    return flags
  }

  test('after the next catch-up', async () => {
    const flags = await answeredStale()
    expect(await flags.evaluate('new_feature', 'ada', { minVersion: 2 })).toMatchObject({ version: 2, reason: 'STATIC' })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 2, reason: 'STATIC', source: 'memory' })
    expect(fleet.clock.monotonic()).toBe(0)
  })

  test('after the next catch-up, also where the flag itself has not changed', async () => {
    const flags = fleet.client({ store: pair.store, ...NO_CACHE })
    await flags.ready()
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STALE' })
    pair.primary = 'up'
    await flags.isEnabled('other', 'ada', { minVersion: 2 })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STATIC', source: 'store' })
    expect(fleet.clock.monotonic()).toBe(0)
  })

  test('after the next load of any flag', async () => {
    const flags = await answeredStale()
    await fleet.clock.advance(1_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STALE', source: 'memory' })
    await flags.isEnabled('other', 'ada')
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 2, reason: 'STATIC', source: 'store' })
  })

  test('within 2 s, by the poll, when the lease had run out', async () => {
    const flags = fleet.client({ store: pair.store, ...NO_CACHE })
    await flags.ready()
    pair.primary = 'down'
    await fleet.clock.advance(31_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STALE', source: 'store' })
    pair.primary = 'up'
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STATIC', source: 'store' })
  })
})

describe('a hint makes the next call read the flag at once', () => {
  /** Another process updates the flag, with a hint that does not bring the record, and fills the cache. */
  async function updatedElsewhere(): Promise<void> {
    const cache = around(fleet.cache(), { invalidate: (next, name, version) => next(name, version) })
    const writer = fleet.client({ cache, memory: false })
    await writer.admin.update('new_feature', { rollout: 0 })
    await writer.isEnabled('new_feature', 'ada')
    await settle()
  }

  test('so that it is answered from the cache', async () => {
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 1, reason: 'STALE', source: 'store' })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 1, reason: 'STALE', source: 'memory' })
    await updatedElsewhere()
    expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ version: 2, source: 'cache' })
  })

  test('also during a question to the replica, whether or not it answers', async () => {
    for (const answers of [true, false]) {
      const [asked, held] = [gate(), gate()]
      pair.instead = async (loaded) => {
        asked.open()
        await held.opened
        if (answers) return loaded
        throw new Error('connection refused')
      }
      const flags = fleet.client({ store: pair.store })
      const before = await flags.evaluate('new_feature', 'ada')
      await updatedElsewhere()
      await fleet.cache().purge()
      pair.primary = 'down'
      const early = flags.evaluate('new_feature', 'ada')
      await asked.opened
      await updatedElsewhere()
      held.open()
      expect((await early).reason).toBe('STALE')
      expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ version: Number(before.version) + 2, source: 'cache' })
      pair.primary = 'up'
    }
  })
})
