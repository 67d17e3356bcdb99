import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FlagCache, FlagRecord, Flags } from '../../src/index.ts'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

/** A store whose next load has read the flag, but resolves only when the test says `deliver()`. */
function slowLoad() {
  const [loaded, released] = [gate(), gate()]
  let first = true
  const store = around(fleet.store, {
    async load(next, ...args) {
      const result = await next(...args)
      if (!first) return result
      first = false
      loaded.open()
      await released.opened
      return result
    },
  })
  return { store, loaded: loaded.opened, deliver: released.open }
}

/** A store that never sends a hint. */
const silent = { watch: async () => async () => undefined }

const isOn = (flags: Flags): Promise<boolean> => flags.isEnabled('new_feature', 'ada')

describe('a value loaded before an invalidation is never stored after it', () => {
  test('not in memory and not in the cache, where this process made the change', async () => {
    const { store, loaded, deliver } = slowLoad()
    const flags = fleet.client({ store })
    const early = flags.evaluate('new_feature', 'ada')
    await loaded
    await flags.admin.update('new_feature', { rollout: 100 })
    deliver()
    expect(await early).toMatchObject({ enabled: true, version: 2 })
    await settle()
    expect(await isOn(flags)).toBe(true)
    expect((await fleet.client().evaluate('new_feature', 'bob')).version).toBe(2)
  })

  test('not in memory and not in the cache, where another process made the change and hints arrive', async () => {
    const { store, loaded, deliver } = slowLoad()
    const [flags, writer] = [fleet.client({ store }), fleet.client()]
    const early = isOn(flags)
    await loaded
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    deliver()
    await early
    await settle()
    expect(await isOn(flags)).toBe(true)
    expect(await isOn(fleet.deaf())).toBe(true)
  })

  test('not in memory, where this process hears only a hint of the cache', async () => {
    const { store, loaded, deliver } = slowLoad()
    const [flags, writer] = [fleet.client({ store: around(store, silent) }), fleet.deaf()]
    const early = isOn(flags)
    await loaded
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    deliver()
    await early
    await settle()
    expect(await isOn(flags)).toBe(true)
  })

  test('and what memory holds is dropped by a hint of the cache', async () => {
    const [flags, writer] = [fleet.client({ store: around(fleet.store, silent) }), fleet.deaf()]
    expect(await isOn(flags)).toBe(false)
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await isOn(flags)).toBe(true)
  })

  test('not in the cache, where another process made the change and no hint arrives', async () => {
    const { store, loaded, deliver } = slowLoad()
    const [flags, writer] = [fleet.deaf({ store }), fleet.client()]
    const early = isOn(flags)
    await loaded
    await writer.admin.update('new_feature', { rollout: 100 })
    deliver()
    await early
    await settle()
    expect(await isOn(fleet.deaf())).toBe(true)
  })

  test('and a call after the change does not join the load from before it', async () => {
    const { store, loaded, deliver } = slowLoad()
    const [flags, writer] = [fleet.client({ store, memory: false }), fleet.client()]
    const early = isOn(flags)
    await loaded
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    const late = isOn(flags)
    await settle()
    deliver()
    // It reads the record that the writer has left in the cache.
    expect([await late, store.calls['load']]).toEqual([true, 1])
    // The early call must not answer older than the late one has.
    expect(await early).toBe(true)
  })
})

describe('no layer moves a flag to a lower version', () => {
  test('a delete leaves a version behind, and a flag created again gets a higher one', async () => {
    const flags = fleet.client()
    const deleted = await flags.admin.delete('new_feature')
    const created = await flags.admin.create({ name: 'new_feature', rollout: 100 })
    expect([deleted.version, created.version]).toEqual([2, 3])
    expect((await flags.admin.history('new_feature')).map((change) => [change.operation, change.version])).toEqual([
      ['create', 3],
      ['delete', 2],
      ['create', 1],
    ])
  })

  /** Puts back into the cache what a failover may bring back: a fence and a flag from before the update. */
  async function bringBack(rollout: number): Promise<FlagCache> {
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    await cache.purge()
    const [read] = await cache.read([{ name: 'new_feature' }])
    const now = await fleet.store.load(['new_feature'])
    const old = { ...(now.flags.get('new_feature') as FlagRecord), rollout, version: 1 }
    await cache.fill([{ name: 'new_feature', token: read?.token ?? '', flag: { asOf: 1, value: old, ttlMs: 60_000 } }])
    return cache
  }

  test('a process does not accept from the cache what is older than its own update', async () => {
    const flags = fleet.deaf({ memory: false })
    await flags.admin.update('new_feature', { rollout: 100 })
    await bringBack(0)
    expect(await isOn(flags)).toBe(true)
  })

  test('a process does not accept from the cache what is older than a change in the log', async () => {
    const flags = fleet.deaf({ memory: false })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(2_000)
    await bringBack(0)
    expect(await isOn(flags)).toBe(true)
  })

  test('a process does not accept from the cache what is older than its own answers', async () => {
    const flags = fleet.deaf({ memory: false })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 100 })
    expect(await isOn(flags)).toBe(true)
    await settle()
    await bringBack(0)
    expect(await isOn(flags)).toBe(true)
  })

  test('nor an older decision', async () => {
    const flags = fleet.deaf({ memory: false })
    await flags.admin.update('new_feature', { rollout: 100 })
    const cache = await bringBack(0)
    const [read] = await cache.read([{ name: 'new_feature' }])
    const decision = { kind: 'check', targetingKey: 'ada', asOf: 1, value: false, ttlMs: 60_000 } as const
    await cache.fill([{ name: 'new_feature', token: read?.token ?? '', decision }])
    expect(await isOn(flags)).toBe(true)
  })

  test('a process raises the fence where an entry from before a known change still counts', async () => {
    const flags = fleet.deaf({ memory: false })
    await flags.admin.update('new_feature', { rollout: 100 })
    const cache = await bringBack(0)
    await isOn(flags)
    await settle()
    expect((await cache.read([{ name: 'new_feature' }]))[0]?.fenceVersion).toBe(2)
  })

  test('a fresh process does not accept what the cache held before its start, and fills it again for everyone', async () => {
    await isOn(fleet.deaf())
    await settle()
    // No process runs, so nothing is invalidated: only the store has the change.
    await fleet.store.update('new_feature', { rollout: 100 })
    const fresh = fleet.client()
    expect(await fresh.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, source: 'store' })
    await settle()
    expect(await fleet.client().evaluate('new_feature', 'bob')).toMatchObject({ enabled: true, source: 'cache' })
  })
})

test('a load from before an update is not answered after it, also where the flag’s floor was removed for room', async () => {
  const { store, loaded, deliver } = slowLoad()
  const flags = fleet.client({ store, memory: false, cache: undefined as never })
  const early = flags.evaluate('new_feature', 'ada')
  await loaded
  await flags.admin.update('new_feature', { rollout: 100 })
  await Promise.all(Array.from({ length: 10_050 }, (_, index) => flags.isEnabled(`other_${index}`, 'ada')))
  deliver()
  expect(await early).toMatchObject({ enabled: true, version: 2 })
})

test('a load from below the floor is stored in no layer', async () => {
  let behind = true
  const store = around(fleet.store, {
    load: async (next, ...args) => ({ ...(await next(...args)), ...(behind ? { asOf: 0 } : {}) }),
  })
  const flags = fleet.deaf({ store })
  expect((await flags.evaluate('new_feature', 'ada')).reason).toBe('STALE')
  await settle()
  const cache = fleet.cache()
  await cache.open((await fleet.store.head()).storeId)
  expect((await cache.read([{ name: 'new_feature' }]))[0]?.flag).toBe(undefined)
  behind = false
  expect((await flags.evaluate('new_feature', 'ada')).source).toBe('store')
})

test('an update that is confirmed after a later one does not replace it', async () => {
  const store = around(fleet.store, {
    async update(next, ...args) {
      const change = await next(...args)
      await fleet.store.update('new_feature', { rollout: 100 })
      await settle()
      return change
    },
  })
  const flags = fleet.client({ store })
  await flags.isEnabled('new_feature', 'ada')
  expect((await flags.admin.update('new_feature', { rollout: 10 })).version).toBe(2)
  expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3, source: 'memory' })
})

test('a flag that changes during every load is the default, after three loads', async () => {
  const flags = fleet.client({ memory: false })
  let rollout = 0
  const store = around(fleet.store, {
    async load(next, ...args) {
      const result = await next(...args)
      rollout = 100 - rollout
      await busy.admin.update('new_feature', { rollout })
      return result
    },
  })
  const busy = fleet.client({ store, memory: false, cache: undefined as never })
  const answer = await busy.evaluate('new_feature', 'ada')
  expect(answer).toMatchObject({ enabled: false, source: 'default', reason: 'ERROR', errorCode: 'GENERAL' })
  expect(store.calls['load']).toBe(3)
  await flags.close()
})
