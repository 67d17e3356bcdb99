import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { VersionWaiters } from '../../src/history/version-waiters.ts'
import { around, Fleet } from '../client-fleet.ts'
import { ManualClock } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

test('whoever waits for a version while the store is away leaves nothing behind', async () => {
  const clock = new ManualClock()
  const waiters = new VersionWaiters({
    clock,
    report: () => undefined,
    version: () => 0,
    isResting: () => true,
    run: async () => undefined,
  })
  const before = heapMb()
  for (let round = 0; round < 20; round++) await clock.until(Promise.all(Array.from({ length: 10_000 }, () => waiters.waitFor(5))))
  expect(heapMb() - before).toBeLessThan(10)
})

test('many calls that ask for a version in vain are told once in 10 s, whatever the flags are', async () => {
  let isAway = false
  const store = around(fleet.store, {
    changesSince: async (next, ...args) => (isAway ? Promise.reject(new Error('away')) : await next(...args)),
  })
  const flags = fleet.deaf({ store })
  await flags.ready()
  isAway = true
  await fleet.clock.until(
    Promise.all(Array.from({ length: 2_000 }, (_, index) => flags.isEnabled(`flag_${index}`, 'ada', { minVersion: 99 }))),
  )
  expect(fleet.codes.filter((code) => code === 'VERSION_NOT_REACHED')).toHaveLength(1)
})

/** What is left on the heap after everything unreachable was collected, in megabytes. */
function heapMb(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed / 1e6
}
