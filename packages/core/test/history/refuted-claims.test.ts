import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener, FlagCache, FlagRecord, FlagStore } from '../../src/index.ts'
import { around, Fleet, gate, unwatched } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  for (const name of ['new_feature', 'other']) await fleet.store.create({ name, rollout: 0 })
})
afterEach(() => fleet.end())

const recordOf = async (name: string) => (await fleet.store.load([name])).flags.get(name) as FlagRecord

/** A store that can fail over to a standby without change 3: to one with another change 3, of `other`, or to one that is still at version 2. */
async function failoverStore(): Promise<{ store: FlagStore; failOverWithOther3(): void; failOverAt2(): void }> {
  const records = new Map([
    ['new_feature', await recordOf('new_feature')],
    ['other', { ...(await recordOf('other')), rollout: 100, version: 3 } as FlagRecord],
  ])
  const recordsAt2 = new Map([
    ['new_feature', await recordOf('new_feature')],
    ['other', await recordOf('other')],
  ])
  const { storeId, cursor: cursorAt2 } = await fleet.store.head()
  let phase: 'before' | 'other 3' | 'at 2' = 'before'
  const cursor = () => (phase === 'other 3' ? { version: 3, id: 'of the new history' } : cursorAt2)
  const flags = () => (phase === 'other 3' ? records : recordsAt2)
  const store = around(unwatched(fleet.store), {
    head: async (next, ...args) => (phase !== 'before' ? { storeId, cursor: cursor() } : await next(...args)),
    load: async (next, names, ...args) =>
      phase !== 'before'
        ? { storeId, asOf: cursor().version, flags: new Map(names.map((name) => [name, flags().get(name) ?? null])) }
        : await next(names, ...args),
    loadAll: async (next, ...args) =>
      phase !== 'before' ? { storeId, asOf: cursor().version, flags: flags(), cursor: cursor() } : await next(...args),
    changesSince: async (next, from, ...args) => {
      if (phase === 'before') return await next(from, ...args)
      if (from.version > cursor().version || (from.version === 3 && from.id !== cursor().id))
        return { kind: 'lost' as const, why: 'rewound' as const, cursor: cursor() }
      if (from.version === cursor().version) return { kind: 'changes' as const, cursor: cursor(), changed: [] }
      return {
        kind: 'changes' as const,
        cursor: cursor(),
        changed: [{ name: 'other', version: 3, flag: records.get('other') as FlagRecord }],
      }
    },
  })
  return {
    store,
    failOverWithOther3() {
      phase = 'other 3'
    },
    failOverAt2() {
      phase = 'at 2'
    },
  }
}

describe('a hinted change that the store has lost in a failover', () => {
  test('is removed once the new history has passed its version', async () => {
    const { store, failOverWithOther3 } = await failoverStore()
    const flags = fleet.client({ store })
    await flags.ready()
    for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
    await settle()
    await fleet.deaf().admin.update('new_feature', { rollout: 100 })
    await settle()
    // Read here, so that a process that had not taken the hint's record would read the log.
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
    await settle()
    failOverWithOther3()
    await fleet.clock.advance(60_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })

  test('is removed also where it was read from the cache', async () => {
    const { store, failOverWithOther3 } = await failoverStore()
    const flags = fleet.client({ store })
    await flags.ready()
    await flags.isEnabled('other', 'ada')
    await settle()
    await fleet.deaf().admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3, source: 'cache' })
    await settle()
    failOverWithOther3()
    await fleet.clock.advance(60_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })
})

describe('a store that went back below a hinted version', () => {
  test('is answered from its new version, without memory', async () => {
    const { store, failOverAt2 } = await failoverStore()
    const flags = fleet.client({ store, memory: false })
    await flags.ready()
    await flags.isEnabled('new_feature', 'ada')
    await settle()
    await fleet.deaf().admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
    await settle()
    failOverAt2()
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    await cache.forget(['new_feature'])
    for (let call = 0; call < 5; call++) {
      await flags.evaluate('new_feature', 'ada')
      await settle()
      await fleet.clock.advance(200)
    }
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })
})

describe('hints of a lost history that come during the catch-up that finds it lost', () => {
  test('do not hide that a hint of the new history is missing', async () => {
    const held = gate()
    let gated = false
    let lost = false
    const head = await fleet.store.head()
    const store = around(unwatched(fleet.store), {
      changesSince: async (next, cursor, ...args) => {
        if (gated) await held.opened
        if (!lost) return await next(cursor, ...args)
        lost = false
        return { kind: 'lost' as const, why: 'rewound' as const, cursor: head.cursor }
      },
    })
    let channel: ChannelListener | undefined
    const cache: FlagCache = around(fleet.cache(), {
      subscribe: (_, listener: ChannelListener) => {
        channel = listener
        listener.onResync()
        return Promise.resolve(async () => undefined)
      },
    })
    const flags = fleet.client({ store, cache })
    await flags.ready()
    for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
    await settle()
    gated = true
    lost = true
    void flags.isEnabled('other', 'ada', { minVersion: 3 })
    await settle()
    for (const version of [3, 4, 5, 6]) channel?.onHint({ name: 'other', version })
    held.open()
    await settle()
    expect(fleet.codes).toContain('STORE_REWOUND')
    expect(flags.stats().clock).toBe(2)
    for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
    await settle()
    await fleet.store.update('other', { rollout: 100 })
    await fleet.store.update('new_feature', { rollout: 100 })
    // The hint of 3 is lost.
    channel?.onHint({ name: 'new_feature', version: 4 })
    await settle()
    expect(await flags.isEnabled('other', 'ada')).toBe(true)
  })
})

describe('a loaded change that the store has lost in a failover', () => {
  test('is removed once the new history has passed its version', async () => {
    const { store, failOverWithOther3 } = await failoverStore()
    const flags = fleet.client({ store, cache: undefined as never })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 100 })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3, source: 'store' })
    failOverWithOther3()
    await fleet.clock.advance(60_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })
})
