import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FlagCache, type Flags, FlagsError, type FlagsOptions, type Hint } from '../../src/index.ts'
import { around, Fleet, gate, unwatched } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

/** A process that hears through the cache only. Counts its calls to the store. */
function cacheListener(options: Partial<FlagsOptions> = {}) {
  const store = around(unwatched(fleet.store))
  return { store, flags: fleet.client({ store, ...options }) }
}

async function ready(...clients: readonly Flags[]): Promise<void> {
  for (const flags of clients) await flags.ready()
  await Promise.all(clients.map((flags) => flags.isEnabled('new_feature', 'ada')))
  await settle()
}

async function cached(cache: FlagCache): Promise<unknown> {
  await cache.open((await fleet.store.head()).storeId)
  const [read] = await cache.read([{ name: 'new_feature' }])
  return read?.flag && { asOf: read.flag.asOf, version: read.flag.value?.version }
}

/** Commits update 2, whose invalidation reaches the cache only with `arrive()`; update 3 is done before. */
async function overtakenUpdate() {
  const held = gate()
  const slow = around(fleet.cache(), { invalidate: (next, ...args) => held.opened.then(() => next(...args)) })
  const [first, second] = [fleet.deaf({ cache: slow }), fleet.deaf()]
  for (const flags of [first, second]) await flags.ready()
  const late = first.admin.update('new_feature', { rollout: 50 })
  await settle()
  await second.admin.update('new_feature', { rollout: 100 })
  return { late, arrive: () => held.open() }
}

describe('an update leaves the new record in the cache', () => {
  test('so that processes that hear of it do not ask the store', async () => {
    const writer = fleet.client()
    const others = Array.from({ length: 5 }, () => cacheListener())
    await ready(writer, ...others.map(({ flags }) => flags))
    const before = others.map(({ store }) => ({ ...store.calls }))
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    for (const { flags } of others) {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 2, asOf: 2, reason: 'STATIC' })
    }
    expect(others.map(({ store }) => store.calls)).toEqual(before)
  })

  test('and a delete leaves the absence', async () => {
    const [writer, { flags, store }] = [fleet.client(), cacheListener()]
    await ready(writer, flags)
    const loads = store.calls['load']
    await writer.admin.delete('new_feature')
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', asOf: 2 })
    expect(store.calls['load']).toBe(loads)
  })

  test('also of a segment', async () => {
    const [writer, { flags, store }] = [fleet.client(), cacheListener()]
    await writer.admin.segments.create({ name: 'staff', members: ['eve'] })
    await writer.admin.update('new_feature', { rules: [{ when: [{ attribute: 'targetingKey', operator: 'inSegment', value: 'staff' }] }] })
    await ready(writer, flags)
    const loads = store.calls['load']
    await writer.admin.segments.update('staff', { members: ['ada'] })
    await settle()
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    expect(store.calls['load']).toBe(loads)
  })

  test('but not where another process has updated the flag since: the later record stays', async () => {
    const { late, arrive } = await overtakenUpdate()
    arrive()
    expect((await late).version).toBe(2)
    expect(await cached(fleet.cache())).toEqual({ asOf: 3, version: 3 })
  })

  test('but not where the fence and a later record were lost meanwhile', async () => {
    const { late, arrive } = await overtakenUpdate()
    const cache = fleet.cache()
    await cached(cache)
    await cache.forget(['new_feature'])
    arrive()
    expect((await late).version).toBe(2)
    expect(await cached(cache)).toBe(undefined)
    expect(await fleet.deaf().evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
  })

  test('but not where this process cannot use it', async () => {
    const newer = new FlagsError('RECORD_TOO_NEW', 'Flag new_feature needs a newer build.', { flag: 'new_feature' })
    const store = around(fleet.store, { update: async (next, ...args) => ({ ...(await next(...args)), after: newer }) })
    await expect(fleet.deaf({ store }).admin.update('new_feature', { rollout: 100 })).rejects.toBe(newer)
    expect(await cached(fleet.cache())).toBe(undefined)
    expect(fleet.codes).toEqual(['RECORD_TOO_NEW'])
  })

  test('but not with a flag ttl of 0', async () => {
    const flags = fleet.deaf({ ttl: { flagMs: 0 } })
    await flags.admin.update('new_feature', { rollout: 100 })
    expect(await cached(fleet.cache())).toBe(undefined)
  })

  test('but only raises the fence where the cache could not be read before the commit', async () => {
    const cache = around(fleet.cache(), { read: () => Promise.reject(new Error('connection refused')) })
    const { propagation } = await fleet.deaf({ cache }).admin.update('new_feature', { rollout: 100 })
    expect(propagation).toBe('ok')
    expect(await cached(fleet.cache())).toBe(undefined)
  })
})

describe('an edit that the store sends a hint of leaves its record in the cache, too', () => {
  test('so that only the processes that listen to the store ask it', async () => {
    const listening = around(fleet.store)
    const others = Array.from({ length: 3 }, () => cacheListener())
    await ready(fleet.client({ store: listening }), ...others.map(({ flags }) => flags))
    const before = others.map(({ store }) => ({ ...store.calls }))
    const loads = listening.calls['load']
    await fleet.store.update('new_feature', { rollout: 100 })
    await settle()
    for (const { flags } of others) {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 2, asOf: 2, source: 'memory' })
    }
    expect([others.map(({ store }) => store.calls), listening.calls['load']]).toEqual([before, loads])
  })

  test('which is the latest record, however many hints came in between', async () => {
    const held = gate()
    const slow = around(fleet.store, { changesSince: (next, ...args) => held.opened.then(() => next(...args)) })
    held.open()
    await ready(fleet.client({ store: slow }))
    for (const rollout of [10, 20, 30]) await fleet.store.update('new_feature', { rollout })
    await settle()
    expect(await cached(fleet.cache())).toEqual({ asOf: 4, version: 4 })
  })

  test('but not where the fence and a later record were lost since the fence was read', async () => {
    const [asked, held] = [gate(), gate()]
    let isHeld = false
    const slow = around(fleet.store, {
      changesSince: async (next, ...args) => {
        const changes = await next(...args)
        if (isHeld) {
          asked.open()
          await held.opened
        }
        return changes
      },
    })
    const [follower, writer] = [fleet.client({ store: slow }), fleet.deaf()]
    await ready(follower, writer)
    isHeld = true
    await fleet.store.update('new_feature', { rollout: 10 })
    await asked.opened
    await writer.admin.update('new_feature', { rollout: 100 })
    const cache = fleet.cache()
    await cached(cache)
    await cache.forget(['new_feature'])
    await cached(cache)
    const hints: Hint[] = []
    await cache.subscribe?.({ onHint: (hint) => hints.push(hint), onResync: () => undefined, onDown: () => undefined })
    isHeld = false
    held.open()
    await settle()
    expect(hints[0]).toEqual({ name: 'new_feature', version: 2 })
    expect(await fleet.deaf().evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
  })
})
