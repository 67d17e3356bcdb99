import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Changes, Loaded } from '../../src/index.ts'
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

describe('a replica never makes a process answer older', () => {
  test('than what it has answered', async () => {
    const flags = fleet.client({ store: pair.store, cache: undefined as never, memory: false })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 50 })
    expect((await flags.evaluate('new_feature', 'ada')).version).toBe(2)
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
    await pair.catchUp()
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 2, ...STALE })
  })

  test('than what it has answered, where nothing has changed since it started', async () => {
    await fleet.store.update('new_feature', { rollout: 50 })
    const flags = fleet.client({ store: pair.store, cache: undefined as never, memory: false })
    expect((await flags.evaluate('new_feature', 'ada')).version).toBe(2)
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
  })

  test('than what it has answered from the cache as STALE', async () => {
    await fleet.store.update('new_feature', { rollout: 50 })
    await fleet.deaf().isEnabled('new_feature', 'bob')
    await settle()
    await fleet.store.create({ name: 'other' })
    const cache = fleet.cache()
    const flags = fleet.client({ store: pair.store, cache, memory: false })
    await flags.ready()
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 2, reason: 'STALE', source: 'cache' })
    await cache.purge()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
  })

  test('than a change that it knows of', async () => {
    const flags = fleet.client({ store: pair.store, cache: undefined as never })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 50 })
    await fleet.clock.advance(2_000)
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
  })

  test('than a last known good that memory holds', async () => {
    const flags = fleet.client({ store: pair.store, cache: undefined as never })
    await fleet.store.update('new_feature', { rollout: 0 })
    await flags.isEnabled('new_feature', 'ada')
    pair.primary = 'down'
    await fleet.clock.advance(31_000)
    for (let round = 0; round < 3; round++) {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 2, reason: 'STALE', source: 'memory' })
      await fleet.clock.advance(2_000)
    }
    expect(pair.asked.length).toBeGreaterThan(0)
  })

  test('than a last known good that may no longer be served', async () => {
    let behind = false
    const store = around(pair.store, {
      load: async (next, ...args) => ({ ...(await next(...args)), ...(behind ? { asOf: 2 } : {}) }),
    })
    await fleet.store.update('new_feature', { rollout: 0 })
    await fleet.store.create({ name: 'other' })
    behind = true
    const flags = fleet.client({ store, cache: undefined as never })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ asOf: 2, reason: 'STALE', source: 'memory' })
    pair.primary = 'down'
    await fleet.clock.advance(3_601_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
  })
})

describe('of a cache entry below the common floor and what the replica has', () => {
  test.each([
    ['the replica', 'store'],
    ['the cache', 'cache'],
  ] as const)('%s answers where it is newer', async (_, source) => {
    const fill = async (): Promise<void> => {
      await fleet.deaf().isEnabled('new_feature', 'bob')
      await settle()
    }
    if (source === 'store') await fill()
    await fleet.store.update('new_feature', { rollout: 50 })
    if (source === 'store') await pair.catchUp()
    else await fill()
    await fleet.store.create({ name: 'other' })
    const flags = fleet.deaf({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    for (const from of [source, 'memory']) {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 2, asOf: 2, reason: 'STALE', source: from })
    }
    expect(pair.asked).toHaveLength(1)
  })
})

describe('a replica of another store', () => {
  beforeEach(() => {
    pair.instead = (loaded) => ({ ...loaded, storeId: 'another' })
  })

  test('answers nothing, and is reported once', async () => {
    const flags = fleet.deaf({ store: pair.store })
    await flags.ready()
    pair.primary = 'down'
    for (let round = 0; round < 20; round++) {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
      await fleet.clock.advance(1_000)
    }
    expect(fleet.codes.filter((code) => code === 'REPLICA_OF_OTHER_STORE')).toHaveLength(1)
    expect(pair.asked.length).toBeLessThanOrEqual(11)
  })

  test('no longer counts once a process that had trusted it reaches its own store', async () => {
    pair.primary = 'down'
    const flags = fleet.client({ store: pair.store, cache: undefined as never })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(STALE)
    pair.primary = 'up'
    await fleet.clock.advance(2_000)
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject(UNKNOWN)
    pair.primary = 'up'
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ ...ON, reason: 'STATIC' })
  })
})

describe('a replica that was ahead of what this process knew', () => {
  /** What the primary returns once it has lost the latest change; `undefined` before. */
  let older: Loaded | undefined
  beforeEach(() => {
    older = undefined
  })

  async function answeredAhead() {
    const store = around(pair.store, {
      load: async (next, ...args) => older ?? (await next(...args)),
      changesSince: async (next, cursor): Promise<Changes> =>
        older === undefined ? await next(cursor) : { kind: 'changes', cursor, changed: [] },
    })
    const flags = fleet.client({ store, cache: undefined as never })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 0 })
    await pair.catchUp()
    pair.primary = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 2, asOf: 2, ...STALE })
    return flags
  }

  test('is confirmed where the primary has that version when it is back', async () => {
    const flags = await answeredAhead()
    pair.primary = 'up'
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 2, reason: 'STATIC' })
    expect(fleet.codes).not.toContain('PARSE_ERROR')
  })

  test('is refuted where the primary has lost that version', async () => {
    const before = await fleet.store.load(['new_feature'])
    const flags = await answeredAhead()
    older = before
    await fleet.clock.advance(2_000)
    expect(fleet.codes).toContain('PARSE_ERROR')
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ ...ON, reason: 'STATIC', source: 'store' })
  })
})
