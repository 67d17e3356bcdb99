import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CacheRead, FlagsError } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
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

const ON = { enabled: true, version: 1, asOf: 1 }
const STALE = { reason: 'STALE', source: 'store' }
const UNKNOWN = { reason: 'ERROR', source: 'default', errorCode: 'STORE_UNAVAILABLE' }

/** What the shared cache holds of the flag. */
async function cached(): Promise<CacheRead | undefined> {
  const cache = fleet.cache()
  await cache.open((await fleet.store.head()).storeId)
  return (await cache.read([{ name: 'new_feature', decision: { kind: 'endpoint', targetingKey: 'ada' } }]))[0]
}

describe('where the primary cannot be read', () => {
  test.each(['down', 'hung'] as const)('(%s) the replica answers, marked STALE, and the error is reported', async (how) => {
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    pair.primary = how
    expect(await fleet.clock.until(flags.evaluate('new_feature', 'ada'))).toMatchObject({ ...ON, ...STALE })
    expect(await fleet.clock.until(flags.isEnabled('new_feature', 'ada'))).toBe(true)
    expect(fleet.codes).toContain(how === 'down' ? 'STORE_UNAVAILABLE' : 'STORE_TIMEOUT')
    expect(fleet.codes).not.toContain('REPLICA_UNAVAILABLE')
  })

  test('the replica is asked for many flags at once', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `flag_${index}`)
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    const answers = await Promise.all(names.map((name) => flags.evaluate(name, 'ada')))
    expect(new Set(answers.map(({ reason, errorCode }) => `${reason} ${errorCode}`))).toEqual(new Set(['STALE FLAG_NOT_FOUND']))
    expect(pair.asked).toEqual([names])
  })

  test('the replica answers a process that has never reached the primary, too', async () => {
    pair.primary = 'down'
    const flags = fleet.client({ store: pair.store })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ ...ON, ...STALE })
    pair.primary = 'up'
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ ...ON, reason: 'STATIC' })
  })

  test('the replica is asked only for evaluations, not for administration', async () => {
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    const { admin } = flags
    for (const call of [
      () => admin.get('new_feature'),
      () => admin.list(),
      () => admin.history('new_feature'),
      () => admin.create({ name: 'other' }),
      () => admin.update('new_feature', { rollout: 0 }),
      () => admin.delete('new_feature'),
      () => fleet.client({ store: pair.store }).ready(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    }
    await fleet.clock.advance(40_000)
    expect(await flags.evaluate('new_feature', 'ada', { minVersion: 9 })).toMatchObject({ errorCode: 'VERSION_NOT_REACHED' })
    expect(pair.asked).toEqual([])
  })

  test('the replica is not asked where a shared decision answers', async () => {
    await fleet.client({ ttl: { flagMs: 0 } }).evaluate('new_feature', 'ada')
    await settle()
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    for (let call = 0; call < 3; call++) expect((await flags.evaluate('new_feature', 'ada')).source).toBe('decision')
    await settle()
    expect(pair.asked).toEqual([])
    expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ ...ON, ...STALE })
  })

  test('the replica has a deadline of its own; where it fails as well, both errors are reported and the default is given', async () => {
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    pair.replica = 'hung'
    const at = fleet.clock.monotonic()
    expect(await fleet.clock.until(flags.evaluate('new_feature', 'ada'))).toMatchObject(UNKNOWN)
    expect(fleet.clock.monotonic() - at).toBeLessThanOrEqual(1_100)
    expect(fleet.codes).toEqual(expect.arrayContaining(['STORE_UNAVAILABLE', 'REPLICA_UNAVAILABLE']))
    // For a second it is not asked again, also for other flags.
    expect(await flags.evaluate('other', 'ada')).toMatchObject(UNKNOWN)
    expect(pair.asked).toEqual([['new_feature']])
    pair.replica = 'up'
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ ...ON, ...STALE })
  })

  test('a record in the replica that cannot be used is reported, and not answered', async () => {
    const corrupt = new FlagsError('PARSE_ERROR', 'Flag new_feature is stored wrongly.', { flag: 'new_feature' })
    pair.instead = (loaded) => ({ ...loaded, flags: new Map([['new_feature', corrupt]]) })
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
    expect(fleet.codes).toContain('PARSE_ERROR')
  })
})

describe('an answer of a replica', () => {
  test('is not filled into the cache', async () => {
    const cache = around(fleet.cache())
    const flags = fleet.client({ store: pair.store, cache })
    await flags.ready()
    pair.primary = 'down'
    for (let round = 0; round < 3; round++) {
      await Promise.all([flags.evaluate('new_feature', 'ada'), flags.isEnabled('new_feature', 'ada')])
      await fleet.clock.advance(2_000)
    }
    expect(pair.asked.length).toBeGreaterThan(1)
    expect(cache.calls['fill']).toBe(undefined)
    expect(await cached()).toMatchObject({ fenceVersion: 0 })
    expect(await cached()).not.toHaveProperty('flag')
    expect(await cached()).not.toHaveProperty('decision')
  })

  test('never goes live in memory, though the lease runs', async () => {
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    const answers = []
    for (let call = 0; call < 5; call++) answers.push(await flags.evaluate('new_feature', 'ada'))
    expect(flags.stats()).toMatchObject({ leased: true, memory: { hits: 0 } })
    expect(new Set(answers.map(({ reason }) => reason))).toEqual(new Set(['STALE']))
    expect(answers.map(({ source }) => source)).toEqual(['store', 'memory', 'memory', 'memory', 'memory'])
  })

  test('is the last known good when the replica fails as well', async () => {
    const flags = fleet.client({ store: pair.store, cache: undefined as never })
    await flags.ready()
    pair.primary = 'down'
    await flags.isEnabled('new_feature', 'ada')
    pair.replica = 'down'
    await fleet.clock.advance(60_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ ...ON, reason: 'STALE', source: 'memory' })
    await fleet.clock.advance(3_600_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
  })

  test('does not move the clock of this process', async () => {
    const flags = fleet.client({ store: pair.store })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 50 })
    await pair.catchUp()
    pair.primary = 'down'
    const before = flags.stats().clock
    await flags.isEnabled('new_feature', 'ada')
    expect([before, flags.stats().clock]).toEqual([1, 1])
  })
})
