import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener, FlagCache, FlagRecord, FlagStore } from '../../src/index.ts'
import { around, Fleet, gate, unwatched } from '../fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  for (const name of ['new_feature', 'other']) await fleet.store.create({ name, rollout: 0 })
})
afterEach(() => fleet.end())

const recordOf = async (name: string) => (await fleet.store.load([name])).flags.get(name) as FlagRecord

/** The store as a standby has it that never got change 3, and has gone on with a change 3 of its own, of `other`. */
async function failingOver(): Promise<{ store: FlagStore; failOver(): void; lose(): void }> {
  const records = new Map([
    ['new_feature', await recordOf('new_feature')],
    ['other', { ...(await recordOf('other')), rollout: 100, version: 3 } as FlagRecord],
  ])
  const lost2 = new Map([
    ['new_feature', await recordOf('new_feature')],
    ['other', await recordOf('other')],
  ])
  const { storeId, cursor: two } = await fleet.store.head()
  let now: 'old' | 'on' | 'lost' = 'old'
  const cursor = () => (now === 'on' ? { version: 3, id: 'of the new history' } : two)
  const flags = () => (now === 'on' ? records : lost2)
  const store = around(unwatched(fleet.store), {
    head: async (next, ...args) => (now !== 'old' ? { storeId, cursor: cursor() } : await next(...args)),
    load: async (next, names, ...args) =>
      now !== 'old'
        ? { storeId, asOf: cursor().version, flags: new Map(names.map((name) => [name, flags().get(name) ?? null])) }
        : await next(names, ...args),
    loadAll: async (next, ...args) =>
      now !== 'old' ? { storeId, asOf: cursor().version, flags: flags(), cursor: cursor() } : await next(...args),
    changesSince: async (next, from, ...args) => {
      if (now === 'old') return await next(from, ...args)
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
    failOver() {
      now = 'on'
    },
    lose() {
      now = 'lost'
    },
  }
}

describe('what a hint told, and the store has lost in a failover', () => {
  test('does not stay where the new history has got past its version', async () => {
    const { store, failOver } = await failingOver()
    const flags = fleet.client({ store })
    await flags.ready()
    for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
    await settle()
    await fleet.deaf().admin.update('new_feature', { rollout: 100 })
    await settle()
    // Asked for, so that the process without a hint's record would have asked the log.
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
    await settle()
    failOver()
    await fleet.clock.advance(60_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })

  test('nor what was read from the cache because hints had told of it', async () => {
    const { store, failOver } = await failingOver()
    const flags = fleet.client({ store })
    await flags.ready()
    await flags.isEnabled('other', 'ada')
    await settle()
    await fleet.deaf().admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3, source: 'cache' })
    await settle()
    failOver()
    await fleet.clock.advance(60_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })
})

describe('a store that went back below what a hint has told', () => {
  test('answers from there, without a memory', async () => {
    const { store, lose } = await failingOver()
    const flags = fleet.client({ store, memory: false })
    await flags.ready()
    await flags.isEnabled('new_feature', 'ada')
    await settle()
    await fleet.deaf().admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
    await settle()
    lose()
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

describe('hints of a lost history, heard while a catch-up finds that it is lost', () => {
  test('hide no missing hint of the new one', async () => {
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
    let heard: ChannelListener | undefined
    const cache: FlagCache = around(fleet.cache(), {
      subscribe: (_, listener: ChannelListener) => {
        heard = listener
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
    for (const version of [3, 4, 5, 6]) heard?.onHint({ name: 'other', version })
    held.open()
    await settle()
    expect(fleet.codes).toContain('STORE_REWOUND')
    expect(flags.stats().clock).toBe(2)
    for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
    await settle()
    await fleet.store.update('other', { rollout: 100 })
    await fleet.store.update('new_feature', { rollout: 100 })
    // The hint of 3 is lost.
    heard?.onHint({ name: 'new_feature', version: 4 })
    await settle()
    expect(await flags.isEnabled('other', 'ada')).toBe(true)
  })
})

describe('what was loaded, and the store has lost in a failover', () => {
  test('does not stay where the new history has got past it', async () => {
    const { store, failOver } = await failingOver()
    const flags = fleet.client({ store, cache: undefined as never })
    await flags.ready()
    await fleet.store.update('new_feature', { rollout: 100 })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3, source: 'store' })
    failOver()
    await fleet.clock.advance(60_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })
})
