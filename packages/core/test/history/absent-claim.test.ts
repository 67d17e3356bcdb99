import { afterEach, beforeEach, expect, test } from 'vitest'
import { around, Fleet, unwatched } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

test('a refuted claim that a name is absent holds no other name to its version', async () => {
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
  const cache = fleet.cache()
  await cache.open((await fleet.store.head()).storeId)
  const [read] = await cache.read([{ name: 'made_up' }])
  await cache.fill([{ name: 'made_up', token: String(read?.token), flag: { asOf: 1_000_000, value: null, ttlMs: 30_000 } }])
  let down = false
  const fail = async <T>(next: () => Promise<T>): Promise<T> => {
    if (down) throw new Error('The store is away.')
    return await next()
  }
  const store = around(unwatched(fleet.store), {
    load: (next, ...rest) => fail(() => next(...rest)),
    changesSince: (next, ...rest) => fail(() => next(...rest)),
  })
  const flags = fleet.client({ store, memory: false })
  await flags.ready()
  down = true
  await flags.isEnabled('made_up', 'ada')
  down = false
  await fleet.clock.advance(3_000)
  await settle()
  expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STATIC' })
})
