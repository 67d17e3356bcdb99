import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { Changes, FlagStore } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

/** The store under another store's id, as a restored copy has it. */
function withStoreId(store: FlagStore, storeId: string): FlagStore {
  return around(store, {
    head: async (next, ...args) => ({ ...(await next(...args)), storeId }),
    load: async (next, ...args) => ({ ...(await next(...args)), storeId }),
    loadAll: async (next, ...args) => ({ ...(await next(...args)), storeId }),
  })
}

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

describe('a store that went back', () => {
  /** A store that the test can replace by another one without the client's knowledge, as a restore does. */
  function restorable(first: FlagStore) {
    const state = { now: first }
    const store = new Proxy(first, {
      get: (_, key) => {
        const value = Reflect.get(state.now, key) as unknown
        return typeof value === 'function' ? (value.bind(state.now) as unknown) : value
      },
    })
    return { state, store }
  }

  test('is reported, and its flags are read again from every layer', async () => {
    const older = memoryStore({ clock: fleet.clock, flags: [{ name: 'new_feature', rollout: 0 }] })
    const { state, store } = restorable(fleet.store)
    const flags = fleet.deaf({ store })
    await flags.admin.update('new_feature', { rollout: 100 })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    await flags.snapshot()
    await settle()
    state.now = older
    await fleet.clock.advance(2_000)
    expect(fleet.codes).toContain('STORE_REWOUND')
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
    await flags.admin.update('new_feature', { rollout: 100 })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('is followed from there: versions of the lost history no longer count', async () => {
    const older = around(memoryStore({ clock: fleet.clock, flags: [{ name: 'new_feature', rollout: 0 }] }))
    const { state, store } = restorable(fleet.store)
    const flags = fleet.deaf({ store })
    await flags.admin.update('new_feature', { rollout: 100 })
    state.now = older
    await fleet.clock.advance(2_000)
    expect(older.calls['loadAll']).toBe(1)
    await older.create({ name: 'other', rollout: 100 })
    await fleet.clock.advance(6_000)
    expect(older.calls['loadAll']).toBe(1)
    expect(await flags.isEnabled('other', 'ada')).toBe(true)
  })

  test('is not answered from a cache that cannot be cleared of the lost history, also where both histories have got equally far', async () => {
    const { state, store } = restorable(fleet.store)
    let isUnclearable = false
    const cache = around(fleet.cache(), {
      forget: async (next, ...args) => (isUnclearable ? Promise.reject(new Error('away')) : await next(...args)),
    })
    const flags = fleet.deaf({ store, cache, memory: false })
    await flags.admin.update('new_feature', { rollout: 100 })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    await settle()
    isUnclearable = true
    const restored = memoryStore({ clock: fleet.clock, flags: [{ name: 'new_feature', rollout: 0 }] })
    await restored.create({ name: 'other' })
    expect((await restored.head()).cursor.version).toBe((await fleet.store.head()).cursor.version)
    state.now = withStoreId(restored, (await fleet.store.head()).storeId)
    await fleet.clock.advance(2_000)
    expect(fleet.codes).toContain('STORE_REWOUND')
    // Until the cache is read again after its failure.
    await fleet.clock.advance(1_100)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, source: 'store' })
  })

  test('is reported each time that it happens', async () => {
    const { state, store } = restorable(fleet.store)
    const flags = fleet.deaf({ store })
    await flags.ready()
    for (const times of [1, 2]) {
      state.now = memoryStore({ clock: fleet.clock, flags: [{ name: 'new_feature', rollout: 0 }] })
      await fleet.clock.advance(2_500)
      expect(fleet.codes).toEqual(Array(times).fill('STORE_REWOUND'))
    }
  })

  test('is noticed where the log ends below the version of a load', async () => {
    const older = await fleet.store.loadAll()
    let restored = false
    const store = around(fleet.store, {
      loadAll: async (next, ...args) => (restored ? older : await next(...args)),
      changesSince: async (next, cursor, ...args) =>
        restored ? { kind: 'changes' as const, cursor, changed: [] } : await next(cursor, ...args),
    })
    const flags = fleet.deaf({ store, memory: false })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 100 })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ asOf: 2, source: 'store' })
    restored = true
    await fleet.clock.advance(2_000)
    expect(fleet.codes).toEqual(['STORE_REWOUND'])
  })

  test('with the same identity leaves no entry of the lost history in the cache', async () => {
    // One store whose history is cut back: the same id, an older clock.
    const rewindTo = (version: number, changes: Changes): Changes =>
      changes.kind === 'lost' ? changes : { kind: 'lost', cursor: { version, id: 'restored' }, why: 'rewound' }
    let rewound = false
    const store = around(fleet.store, {
      changesSince: async (next, ...args) => (rewound ? rewindTo(1, await next(...args)) : await next(...args)),
    })
    const cache = around(fleet.cache())
    const flags = fleet.deaf({ store, cache })
    await flags.isEnabled('new_feature', 'ada')
    await settle()
    rewound = true
    await fleet.clock.advance(2_000)
    expect(cache.calls['forget']).toBe(1)
    rewound = false
    expect((await flags.evaluate('new_feature', 'bob')).source).toBe('store')
  })

  test('keeps the cache unread until the lost history is removed from it', async () => {
    const older = memoryStore({ clock: fleet.clock, flags: [{ name: 'new_feature', rollout: 100 }] })
    const { state, store } = restorable(fleet.store)
    let down = false
    const cache = around(fleet.cache(), { forget: (next, ...args) => (down ? Promise.reject(new Error('refused')) : next(...args)) })
    const flags = fleet.deaf({ store, cache, memory: false })
    await flags.isEnabled('new_feature', 'ada')
    await settle()
    state.now = older
    down = true
    await fleet.clock.advance(2_000)
    const before = cache.calls['read'] ?? 0
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    expect(cache.calls['read'] ?? 0).toBe(before)
    down = false
    await fleet.clock.advance(2_000)
    await flags.isEnabled('new_feature', 'ada')
    expect(cache.calls['read'] ?? 0).toBeGreaterThan(before)
  })

  test('raises no fence for a version that it has lost', async () => {
    const older = memoryStore({ clock: fleet.clock, flags: [{ name: 'new_feature', rollout: 0 }] })
    const { state, store } = restorable(fleet.store)
    let down = true
    const cache = around(fleet.cache(), { invalidate: (next, ...args) => (down ? Promise.reject(new Error('refused')) : next(...args)) })
    const flags = fleet.deaf({ store, cache, memory: false })
    for (let update = 0; update < 5; update++) {
      expect((await flags.admin.update('new_feature', { rollout: update })).propagation).toBe('deferred')
    }
    state.now = older
    await fleet.clock.advance(2_000)
    down = false
    await fleet.clock.advance(4_000)
    const look = fleet.cache()
    await look.open((await older.head()).storeId)
    expect((await look.read([{ name: 'new_feature' }]))[0]?.fenceVersion).toBe(0)
  })

  test('is noticed by a load from another store, too', async () => {
    const older = memoryStore({ clock: fleet.clock, flags: [{ name: 'new_feature', rollout: 100 }] })
    const { state, store } = restorable(fleet.store)
    const flags = fleet.deaf({ store, cache: undefined as never })
    await flags.ready()
    state.now = older
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STALE', source: 'store' })
    await settle()
    expect(fleet.codes).toContain('STORE_REWOUND')
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STATIC' })
  })
})

describe('another history', () => {
  test('is noticed where the log has passed a commit of this process without it', async () => {
    await fleet.store.create({ name: 'other' })
    let restored = false
    const store = around(fleet.store, {
      changesSince: async (next, ...args) => {
        const changes = await next(...args)
        if (!restored || changes.kind === 'lost') return changes
        return { ...changes, changed: changes.changed.filter(({ name }) => name !== 'new_feature') }
      },
    })
    const flags = fleet.deaf({ store })
    await flags.ready()
    restored = true
    await flags.admin.update('new_feature', { rollout: 100 })
    await fleet.store.update('other', { rollout: 10 })
    await fleet.clock.advance(2_000)
    expect(fleet.codes).toContain('STORE_REWOUND')
  })

  test('is not suspected where the log tells of a later change of that flag', async () => {
    const flags = fleet.deaf()
    await flags.ready()
    await flags.admin.update('new_feature', { rollout: 100 })
    await fleet.store.update('new_feature', { rollout: 10 })
    await fleet.store.create({ name: 'other' })
    await fleet.clock.advance(10_000)
    expect(fleet.codes).toEqual([])
  })

  test('is not suspected where the commit came before this process had read the head', async () => {
    let gone = true
    const store = around(fleet.store, { head: (next, ...args) => (gone ? Promise.reject(new Error('gone')) : next(...args)) })
    const flags = fleet.deaf({ store })
    await flags.admin.update('new_feature', { rollout: 100 })
    gone = false
    await fleet.clock.advance(10_000)
    expect([await flags.isEnabled('new_feature', 'ada'), fleet.codes.includes('STORE_REWOUND')]).toEqual([true, false])
  })

  test('is noticed where the pruned log is another store’s; the cache is then opened for that store', async () => {
    const another = memoryStore({ clock: fleet.clock, flags: [{ name: 'new_feature', rollout: 100 }] })
    let moved = false
    const store = new Proxy(fleet.store, {
      get: (_, key) => {
        const from = moved ? another : fleet.store
        if (moved && key === 'changesSince') {
          return async () => ({ kind: 'lost', cursor: (await another.head()).cursor, why: 'pruned' })
        }
        const value = Reflect.get(from, key) as unknown
        return typeof value === 'function' ? (value.bind(from) as unknown) : value
      },
    })
    const cache = around(fleet.cache())
    const flags = fleet.deaf({ store, cache })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    moved = true
    await fleet.clock.advance(2_000)
    expect([fleet.codes, cache.calls['open']]).toEqual([['STORE_REWOUND'], 2])
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })
})
