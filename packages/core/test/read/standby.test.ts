import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FlagStore, Loaded } from '../../src/index.ts'
import { around, Fleet, unwatched } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

/** A store behind a load balancer that sends reads to a standby, which stands still, from `demote` on; writes go to the primary. */
async function loadBalanced() {
  const copy = await fleet.store.loadAll()
  const state = { isStandby: false }
  const standby = { storeId: copy.storeId, standby: true } as const
  const some = (names: readonly string[]): Loaded => ({
    ...standby,
    asOf: copy.asOf,
    flags: new Map(names.map((name) => [name, copy.flags.get(name) ?? null])),
  })
  const store: FlagStore = around(unwatched(fleet.store), {
    head: async (next) => (state.isStandby ? { ...standby, cursor: copy.cursor } : await next()),
    load: async (next, names) => (state.isStandby ? some(names) : await next(names)),
    loadAll: async (next) => (state.isStandby ? { ...copy, ...standby } : await next()),
    changesSince: async (next, cursor) =>
      state.isStandby ? { kind: 'changes' as const, cursor: copy.cursor, changed: [], ...standby } : await next(cursor),
  })
  return { store, demote: () => (state.isStandby = true), promote: () => (state.isStandby = false) }
}

describe('a standby that answers in place of the store', () => {
  test('is answered from, marked STALE, kept in no cache, and reported as what it is', async () => {
    const { store, demote } = await loadBalanced()
    demote()
    const flags = fleet.client({ store })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', source: 'store', version: 1 })
    expect((await flags.snapshot()).evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE' })
    await settle()
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    expect((await cache.read([{ name: 'new_feature' }]))[0]?.flag).toBeUndefined()
    expect(new Set(fleet.codes)).toEqual(new Set(['STORE_IS_STANDBY']))
    await expect(flags.ready()).rejects.toMatchObject({ code: 'STORE_IS_STANDBY' })
  })

  test('takes nothing back from the process that has updated the flag', async () => {
    const { store, demote } = await loadBalanced()
    const flags = fleet.client({ store, cache: undefined as never, memory: false })
    await flags.ready()
    demote()
    const { version } = await flags.admin.update('new_feature', { rollout: 0 })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'default', errorCode: 'STORE_IS_STANDBY' })
    expect(version).toBe(2)
  })

  test('renews no lease, and when the primary answers again all is as before', async () => {
    const { store, demote, promote } = await loadBalanced()
    const flags = fleet.client({ store, cache: undefined as never })
    expect((await flags.evaluate('new_feature', 'ada')).reason).toBe('STATIC')
    demote()
    await fleet.clock.advance(31_000)
    expect([flags.stats().leased, (await flags.evaluate('new_feature', 'ada')).reason]).toEqual([false, 'STALE'])
    promote()
    await fleet.store.update('new_feature', { rollout: 0 })
    await fleet.clock.advance(3_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, reason: 'STATIC', version: 2 })
  })
})
