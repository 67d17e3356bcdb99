import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Flags } from '../../src/index.ts'
import { createTestFlags } from '../../src/testing/index.ts'
import { Fleet, unwatched } from '../client-fleet.ts'
import { type Replicated, replicated } from '../replicated-store.ts'

const REFUSED = { code: 'VERSION_NOT_REACHED' }

let fleet: Fleet
let pair: Replicated
/** Gets no hints. */
let flags: Flags
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'one', rollout: 0 })
  pair = replicated(fleet.store)
  flags = fleet.client({ store: unwatched(pair.store), cache: undefined as never })
  await fleet.clock.until(flags.snapshot())
})
afterEach(() => fleet.end())

describe('a snapshot of at least a version', () => {
  test('is waited for where the process has only an older one', async () => {
    const { version } = await fleet.store.update('one', { rollout: 100 })
    expect((await flags.snapshot()).asOf).toBe(1)
    const snapshot = await flags.snapshot({ minVersion: version })
    expect([snapshot.asOf, snapshot.stale, snapshot.isEnabled('one', 'ada')]).toEqual([2, false, true])
  })

  test('is given at once, without asking the store, where this process has seen that version', async () => {
    const before = { ...pair.store.calls }
    const first = await flags.snapshot()
    expect(await flags.snapshot({ minVersion: 1 })).toBe(first)
    expect(await flags.snapshot({ minVersion: 0 })).toBe(first)
    expect(pair.store.calls).toEqual(before)
  })

  test('is refused where the store has not reached that version; it is asked once for all waiting calls', async () => {
    const before = pair.store.calls['changesSince'] ?? 0
    const asked = [2, 9, Number.MAX_SAFE_INTEGER].map((minVersion) => flags.snapshot({ minVersion }))
    const codes = await fleet.clock.until(Promise.all(asked.map((one) => one.catch(({ code }) => code as string))))
    expect(codes).toEqual(Array(3).fill('VERSION_NOT_REACHED'))
    expect((pair.store.calls['changesSince'] ?? 0) - before).toBe(1)
    expect((await flags.snapshot()).asOf).toBe(1)
  })

  test('is refused, and not given as stale, where the store cannot be asked', async () => {
    const { version } = await fleet.store.update('one', { rollout: 100 })
    pair.primary = 'down'
    await expect(fleet.clock.until(flags.snapshot({ minVersion: version }))).rejects.toMatchObject(REFUSED)
    expect((await flags.snapshot({ minVersion: 1 })).asOf).toBe(1)
    pair.primary = 'up'
    await fleet.clock.advance(2_000)
    expect((await fleet.clock.until(flags.snapshot({ minVersion: version }))).isEnabled('one', 'ada')).toBe(true)
  })

  test('is refused within the deadline where the store hangs', async () => {
    pair.primary = 'hung'
    await expect(fleet.clock.until(flags.snapshot({ minVersion: 2 }))).rejects.toMatchObject(REFUSED)
  })

  test('may come from a replica that has that version', async () => {
    const { version } = await fleet.store.update('one', { rollout: 100 })
    await pair.catchUp()
    pair.primary = 'down'
    const other = fleet.client({ store: unwatched(pair.store), cache: undefined as never })
    const snapshot = await fleet.clock.until(other.snapshot({ minVersion: version }))
    expect([snapshot.asOf, snapshot.stale]).toEqual([2, true])
    await expect(fleet.clock.until(other.snapshot({ minVersion: version + 1 }))).rejects.toMatchObject(REFUSED)
  })

  test('is refused where `minVersion` is not a version', async () => {
    for (const minVersion of [Number.NaN, -1]) {
      await expect(flags.snapshot({ minVersion })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    }
    await flags.snapshot()
    await expect(flags.snapshot({ minVersion: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })

  test('is refused by test flags, too', async () => {
    const test = createTestFlags({ a: false })
    await expect(test.snapshot({ minVersion: 9 })).rejects.toMatchObject(REFUSED)
    const { version } = await test.admin.update('a', { enabled: true })
    expect((await test.snapshot({ minVersion: version })).isEnabled('a', 'ada')).toBe(true)
  })
})
