import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

describe('background: false', () => {
  test('keeps no timer and no subscription; a call renews the lease', async () => {
    const store = around(fleet.store)
    const flags = fleet.client({ store, background: false })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    await settle()
    expect([fleet.clock.pending, store.calls['watch'], flags.stats().channels]).toEqual([0, undefined, 0])
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(29_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    await fleet.clock.advance(1_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    expect(store.calls['changesSince']).toBe(1)
  })

  test('with the store down, calls try again at most every 2 s', async () => {
    let down = true
    const store = around(fleet.store, { head: (next, ...args) => (down ? Promise.reject(new Error('refused')) : next(...args)) })
    const flags = fleet.client({ store, background: false, cache: undefined as never })
    for (let call = 0; call < 5; call++) await flags.isEnabled('new_feature', 'ada')
    expect(store.calls['head']).toBe(1)
    down = false
    await fleet.clock.advance(2_000)
    await flags.isEnabled('new_feature', 'ada')
    expect([store.calls['head'], flags.stats().leased]).toEqual([2, true])
  })

  test('a deferred invalidation is made by the next catch-up', async () => {
    let down = true
    const cache = around(fleet.cache(), { invalidate: (next, ...args) => (down ? Promise.reject(new Error('no')) : next(...args)) })
    const flags = fleet.client({ cache, background: false })
    expect((await flags.admin.update('new_feature', { rollout: 100 })).propagation).toBe('deferred')
    down = false
    await flags.isEnabled('new_feature', 'ada', { minVersion: 3 })
    await settle()
    expect(cache.calls['invalidate']).toBe(2)
  })
})
