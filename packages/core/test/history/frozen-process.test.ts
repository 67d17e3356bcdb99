import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock, FlagStore } from '../../src/index.ts'
import { around, Fleet, gate, unwatched } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

const HOUR = 3_600_000

let fleet: Fleet
let frozenMs: number
/** Wall clock time goes on by `frozenMs` while monotonic time stands still. */
let clock: Clock
beforeEach(async () => {
  fleet = new Fleet()
  frozenMs = 0
  clock = {
    now: () => fleet.clock.now() + frozenMs,
    monotonic: () => fleet.clock.monotonic(),
    after: (ms, callback) => fleet.clock.after(ms, callback),
  }
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

/** The fleet's store, which can be taken away, and whose log can be held back after it was read. */
function fragileStore() {
  const state = { down: false, held: undefined as ReturnType<typeof gate> | undefined }
  const assertUp = (): void => {
    if (state.down) throw new Error('The store is away.')
  }
  const store: FlagStore = around(unwatched(fleet.store), {
    load: async (next, ...rest) => {
      assertUp()
      return await next(...rest)
    },
    loadAll: async (next, ...rest) => {
      assertUp()
      return await next(...rest)
    },
    changesSince: async (next, ...rest) => {
      assertUp()
      const page = await next(...rest)
      await state.held?.opened
      return page
    },
  })
  return { store, state }
}

describe('a process that was frozen', () => {
  test('for two hours does not answer unmarked what it held', async () => {
    const flags = fleet.deaf({ clock })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    await fleet.store.update('new_feature', { rollout: 100 })
    frozenMs = 2 * HOUR
    // Timers that were due while the process was frozen run first.
    await fleet.clock.advance(1_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('does not trust a catch-up that began before it was frozen', async () => {
    const { store, state } = fragileStore()
    const flags = fleet.client({ store, clock, cache: undefined as never })
    await flags.isEnabled('new_feature', 'ada')
    await fleet.clock.advance(950)
    const held = gate()
    state.held = held
    const asked = flags.evaluate('new_feature', 'ada', { minVersion: 99 })
    await settle()
    await fleet.store.update('new_feature', { rollout: 100 })
    state.down = true
    frozenMs = HOUR / 2
    await fleet.clock.advance(60)
    expect([fleet.codes.includes('PROCESS_SUSPENDED'), flags.stats().leased]).toEqual([true, false])
    held.open()
    await asked
    expect(flags.stats().leased).toBe(false)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'STALE' })
  })

  test.each([
    [6_000, 'STALE'],
    [HOUR / 2, 'STALE'],
    [2 * HOUR, 'ERROR'],
  ] as const)('for %i ms beside a store that is away answers %s, as its last known good is so much older', async (ms, reason) => {
    const { store, state } = fragileStore()
    const flags = fleet.client({ store, clock, cache: undefined as never })
    await flags.evaluate('new_feature', 'ada')
    await flags.snapshot()
    for (let minute = 0; minute < 61; minute++) await fleet.clock.advance(60_000)
    state.down = true
    frozenMs = ms
    await fleet.clock.advance(1_000)
    expect(fleet.codes).toContain('PROCESS_SUSPENDED')
    expect((await flags.evaluate('new_feature', 'ada')).reason).toBe(reason)
    expect((await flags.snapshot()).evaluate('new_feature', 'ada').reason).toBe(reason)
  })
})
