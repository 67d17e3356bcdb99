import { afterEach, beforeEach, expect, test } from 'vitest'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

test('what a load brought that a hint has overtaken still stands in where the store is gone at once', async () => {
  const [loaded, go] = [gate(), gate()]
  let mode: 'slow' | 'away' | 'well' = 'well'
  const store = around(fleet.store, {
    async load(next, ...args) {
      if (mode === 'away') throw new Error('away')
      const result = await next(...args)
      if (mode === 'well') return result
      loaded.open()
      await go.opened
      return result
    },
    changesSince: async (next, ...args) => (mode === 'well' ? await next(...args) : Promise.reject(new Error('away'))),
  })
  const flags = fleet.client({ store, cache: undefined as never })
  await flags.ready()
  mode = 'slow'
  const early = flags.evaluate('new_feature', 'ada')
  await loaded.opened
  await fleet.store.update('new_feature', { rollout: 50 })
  await settle()
  mode = 'away'
  go.open()
  expect(await early).toMatchObject({ enabled: true, version: 1 })
  expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', version: 1 })
})
