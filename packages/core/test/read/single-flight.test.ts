import { afterEach, beforeEach, expect, test } from 'vitest'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

test('10,000 concurrent cold calls of one flag are one query and one read of the cache', async () => {
  await fleet.store.create({ name: 'new_feature', rollout: 50 })
  const [store, cache] = [around(fleet.store), around(fleet.cache())]
  const flags = fleet.client({ store, cache })
  const answers = await Promise.all(Array.from({ length: 10_000 }, (_, user) => flags.isEnabled('new_feature', user + 1)))
  expect([store.calls['load'], cache.calls['read']]).toEqual([1, 1])
  expect(Math.abs(answers.filter(Boolean).length - 5_000)).toBeLessThan(250)
})

test('callers that join a load evaluate the flag for their own key, also where its starter is given a decision', async () => {
  await fleet.store.create({ name: 'new_feature', rollout: 50 })
  await fleet.client().isEnabled('new_feature', 'ada')
  await settle()
  const [flags, alone] = [fleet.client(), fleet.client({ cache: undefined as never })]
  const users = ['ada', ...Array.from({ length: 50 }, (_, index) => `user-${index}`)]
  const together = await Promise.all(users.map((user) => flags.isEnabled('new_feature', user)))
  const apart = await Promise.all(users.map((user) => alone.isEnabled('new_feature', user)))
  expect(together).toEqual(apart)
  expect(new Set(together).size).toBe(2)
})

test('concurrent misses of many flags are one read of the cache and one query', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `flag_${index}`)
  for (const name of names) await fleet.store.create({ name, rollout: 100 })
  const [store, cache] = [around(fleet.store), around(fleet.cache())]
  const flags = fleet.client({ store, cache })
  const answers = await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))
  expect(answers).not.toContain(false)
  expect([store.calls['load'], cache.calls['read'], cache.calls['fill']]).toEqual([1, 1, 1])
  expect(flags.stats().store).toEqual({ reads: 1, flags: 200 })
})

test('a call during a load joins it', async () => {
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
  const held = gate()
  const store = around(fleet.store, { load: (next, ...args) => held.opened.then(() => next(...args)) })
  const flags = fleet.client({ store })
  const first = flags.isEnabled('new_feature', 'ada')
  await settle()
  const second = flags.isEnabled('new_feature', 'bob')
  held.open()
  expect(await Promise.all([first, second])).toEqual([true, true])
  expect(store.calls['load']).toBe(1)
})

test('a client without a call asks neither store nor cache', async () => {
  const [store, cache] = [around(fleet.store), around(fleet.cache())]
  const flags = fleet.client({ store, cache })
  await settle()
  flags.stats()
  expect([store.calls, cache.calls]).toEqual([{}, {}])
  expect(fleet.clock.pending).toBe(0)
})
