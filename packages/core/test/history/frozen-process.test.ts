import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../src/index.ts'
import { Fleet } from '../client-fleet.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

test('a process whose monotonic time stood still for two hours does not answer unmarked what it held', async () => {
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
  let frozenMs = 0
  const clock: Clock = {
    now: () => fleet.clock.now() + frozenMs,
    monotonic: () => fleet.clock.monotonic(),
    after: (ms, callback) => fleet.clock.after(ms, callback),
  }
  const flags = fleet.deaf({ clock })
  expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
  await fleet.store.update('new_feature', { rollout: 100 })
  frozenMs = 2 * 3_600_000
  // Timers that were due while the process was frozen run first.
  await fleet.clock.advance(1_000)
  expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
})
