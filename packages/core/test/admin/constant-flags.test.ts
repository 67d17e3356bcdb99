import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around } from '../client-fleet.ts'
import { StaleFleet } from './stale-flags-fleet.ts'

let fleet: StaleFleet
beforeEach(() => {
  fleet = new StaleFleet()
})
afterEach(() => fleet.end())

describe('a constant flag', () => {
  test('has given everyone the same answer for `constantDays`', async () => {
    await fleet.store.create({ name: 'a', rollout: 50 })
    await fleet.days(10)
    await fleet.store.update('a', { rollout: 100 })
    const since = fleet.now()
    await fleet.days(29.999)
    expect(await fleet.reasons('a')).toEqual([])
    await fleet.days(0.001)
    expect(await fleet.entry('a')).toMatchObject({ reasons: ['constant'], constantSince: since })
    expect(await fleet.reasons('a', { constantDays: 31 })).toEqual([])
    expect((await fleet.entry('a', { constantDays: 29 }))?.constantSince).toBe(since)
  })

  test('may be one that was never changed; then its history is not read', async () => {
    const store = around(fleet.store)
    await fleet.store.create({ name: 'a', rollout: 100 })
    await fleet.store.create({ name: 'young', rollout: 50 })
    const since = fleet.now()
    await fleet.days(40)
    await fleet.store.create({ name: 'new', rollout: 100 })
    expect(await fleet.entry('a', {}, { store })).toMatchObject({ reasons: ['constant'], constantSince: since })
    expect(await fleet.reasons('new')).toEqual([])
    expect(await fleet.reasons('new', { constantDays: 0 })).toEqual(['constant'])
    expect(store.calls['history']).toBeUndefined()
  })

  test('is not reset by a change that changes no answer, however many there are', async () => {
    await fleet.store.create({ name: 'a', rollout: 50 })
    await fleet.days(1)
    await fleet.store.update('a', { rollout: 0 })
    const since = fleet.now()
    await fleet.days(1)
    await fleet.store.update('a', { enabled: false })
    await fleet.store.update('a', { rollout: 100 })
    for (let change = 0; change < 250; change++) {
      await fleet.days(1)
      await fleet.store.update('a', { description: `change ${change}` })
    }
    expect(await fleet.entry('a')).toMatchObject({ reasons: ['constant'], constantSince: since })
  })

  test('is reset by each change of the answer: to the other one, to another variant or another value, and back', async () => {
    const variants = (first: number, second: number, value = 1): object => ({
      variants: [
        { name: 'first', value, weight: first },
        { name: 'second', value: 2, weight: second },
      ],
    })
    await fleet.store.create({ name: 'a', rollout: 100 })
    for (const patch of [{ rollout: 0 }, { rollout: 100 }, variants(1, 0), variants(1, 0, 7), variants(0, 1)]) {
      await fleet.days(40)
      await fleet.store.update('a', patch)
      expect(await fleet.reasons('a')).toEqual([])
    }
    await fleet.days(40)
    await fleet.store.update('a', { rollout: 50 })
    await fleet.store.update('a', { rollout: 100 })
    const since = fleet.now()
    await fleet.days(1)
    await fleet.store.update('a', { description: 'x' })
    expect(await fleet.reasons('a')).toEqual([])
    expect((await fleet.entry('a', { constantDays: 1 }))?.constantSince).toBe(since)
  })

  test('is constant from the end of its ramp on, also where it was changed during and after it', async () => {
    await fleet.store.create({
      name: 'a',
      ramp: { from: { at: '2026-01-11T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-21T00:00:00.000Z', rollout: 100 } },
    })
    await fleet.days(15)
    await fleet.store.update('a', { description: 'during' })
    await fleet.days(34.999)
    expect(await fleet.reasons('a')).toEqual([])
    await fleet.days(0.001)
    await fleet.store.update('a', { description: 'after' })
    await fleet.store.update('a', { ramp: null, rollout: 100 })
    expect(await fleet.entry('a')).toMatchObject({ reasons: ['constant'], constantSince: '2026-01-21T00:00:00.000Z' })
  })

  test('is constant from the end of its ramp on, also where it gave everyone that answer before the ramp', async () => {
    await fleet.store.create({ name: 'a', rollout: 100 })
    await fleet.days(5)
    await fleet.store.update('a', {
      ramp: { from: { at: '2026-01-11T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-21T00:00:00.000Z', rollout: 100 } },
    })
    await fleet.days(80)
    expect(await fleet.entry('a')).toMatchObject({ reasons: ['constant'], constantSince: '2026-01-21T00:00:00.000Z' })
  })

  test('is constant since the oldest record that a pruned log still has', async () => {
    await fleet.store.create({ name: 'a', rollout: 100 })
    const left: string[] = []
    for (const description of ['x', 'y', 'z']) {
      await fleet.days(40)
      left.push(fleet.now())
      await fleet.store.update('a', { description })
    }
    await fleet.store.prune(30)
    expect(await fleet.store.history('a')).toHaveLength(1)
    expect(await fleet.entry('a')).toMatchObject({ reasons: ['constant'], constantSince: left[1] })
  })

  test('is constant since its creation, where an earlier flag of that name was deleted', async () => {
    await fleet.store.create({ name: 'a', rollout: 100 })
    await fleet.days(40)
    await fleet.store.delete('a')
    await fleet.store.create({ name: 'a', rollout: 100 })
    const since = fleet.now()
    await fleet.days(30)
    await fleet.store.update('a', { owner: 'x' })
    expect((await fleet.entry('a'))?.constantSince).toBe(since)
  })
})
