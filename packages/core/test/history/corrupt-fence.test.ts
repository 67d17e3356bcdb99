import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CacheRead, FlagCache } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'
import { withMethods } from '../with-methods.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
  await fleet.store.create({ name: 'other', rollout: 100 })
})
afterEach(() => fleet.end())

test('a corrupt fence of one flag does not take back what a snapshot has answered of another', async () => {
  const old = await fleet.store.load(['new_feature'])
  await fleet.store.update('new_feature', { rollout: 100 })
  let isAway = false
  const away = (): Promise<never> => Promise.reject(new Error('away'))
  const store = around(fleet.store, {
    load: async (next, ...args) => (isAway ? away() : await next(...args)),
    changesSince: async (next, ...args) => (isAway ? away() : await next(...args)),
  })
  const cache: FlagCache = around(fleet.cache(), {
    read: async (next, wanted, ...args) => {
      const reads = await next(wanted, ...args)
      return reads.map((read, index): CacheRead => (wanted[index]?.name === 'other' ? { ...read, fenceVersion: 1_000 } : read))
    },
  })
  const flags = fleet.deaf({ store: withMethods(store, { loadFromReplica: async () => old }), cache, memory: false })
  expect((await flags.snapshot()).isEnabled('new_feature', 'ada')).toBe(true)
  await flags.isEnabled('other', 'ada')
  await settle()
  isAway = true
  expect(await flags.evaluate('new_feature', 'ada')).not.toMatchObject({ version: 1 })
})
