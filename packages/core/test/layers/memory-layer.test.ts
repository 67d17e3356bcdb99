import { expect, test } from 'vitest'
import { Floors } from '../../src/history/floors.ts'
import { Lease } from '../../src/history/lease.ts'
import { MemoryLayer } from '../../src/layers/memory-layer.ts'
import { ManualClock } from '../manual-clock.ts'

test('a stale answer replaces nothing newer, and never goes live', () => {
  const clock = new ManualClock()
  const lease = new Lease(clock)
  const memory = new MemoryLayer(10, clock, new Floors(), lease)
  lease.renew(0)
  memory.keepStale('a', null, 3)
  expect(memory.held('a')).toMatchObject({ asOf: 3, live: false })
  memory.keepStale('a', null, 5)
  expect(memory.held('a')).toMatchObject({ asOf: 5, live: false })
  memory.keepStale('a', null, 4)
  expect(memory.held('a')).toMatchObject({ asOf: 5, live: false })
  memory.install('a', null, 5)
  memory.keepStale('a', null, 5)
  expect(memory.hit('a')).toMatchObject({ asOf: 5, live: true })
})
