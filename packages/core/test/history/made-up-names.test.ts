import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Flags } from '../../src/index.ts'
import { around, Fleet, unwatched } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'
import { withMethods } from '../with-methods.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

async function askForMadeUpNames(flags: Flags, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => flags.isEnabled(`made_up_${from + index}`, 'ada')))
  }
}

describe('after more made-up names than any bound', () => {
  test('no flag is loaded anew because of a change of another', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `flag_${index}`)
    for (const name of names) await fleet.store.create({ name, rollout: 100 })
    const flags = fleet.deaf({ memory: false })
    const writer = fleet.deaf()
    await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))
    await writer.admin.update('flag_0', { rollout: 50 })
    await askForMadeUpNames(flags, 21_000)
    await settle()
    const before = flags.stats().store.flags
    await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))
    expect(flags.stats().store.flags - before).toBeLessThanOrEqual(1)
  })

  test('a process does not go back to what it answered before a change', async () => {
    await fleet.store.create({ name: 'new_feature', rollout: 0 })
    const old = await fleet.store.load(['new_feature'])
    let isAway = false
    const unlessAway = async <T>(call: () => Promise<T>): Promise<T> => (isAway ? Promise.reject(new Error('away')) : await call())
    const store = around(fleet.store, {
      load: (next, ...args) => unlessAway(() => next(...args)),
      changesSince: (next, ...args) => unlessAway(() => next(...args)),
    })
    const flags = fleet.client({
      store: unwatched(withMethods(store, { loadFromReplica: async () => old })),
      cache: undefined as never,
      memory: false,
    })
    await flags.admin.update('new_feature', { rollout: 100 })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    await askForMadeUpNames(flags, 21_000)
    isAway = true
    expect(await flags.evaluate('new_feature', 'ada')).not.toMatchObject({ enabled: false, version: 1 })
  })
})
