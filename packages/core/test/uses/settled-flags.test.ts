import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around } from '../world.ts'
import { StaleWorld } from './stale-world.ts'

let world: StaleWorld
beforeEach(() => {
  world = new StaleWorld()
})
afterEach(() => world.end())

describe('settled', () => {
  test('is a flag that has answered everybody alike for so many days', async () => {
    await world.store.create({ name: 'a', rollout: 50 })
    await world.days(10)
    await world.store.update('a', { rollout: 100 })
    const since = world.now()
    await world.days(29.999)
    expect(await world.reasons('a')).toEqual([])
    await world.days(0.001)
    expect(await world.found('a')).toMatchObject({ reasons: ['settled'], settledSince: since })
    expect(await world.reasons('a', { settledDays: 31 })).toEqual([])
    expect((await world.found('a', { settledDays: 29 }))?.settledSince).toBe(since)
  })

  test('is one that was never changed', async () => {
    const store = around(world.store)
    await world.store.create({ name: 'a', rollout: 100 })
    await world.store.create({ name: 'young', rollout: 50 })
    const since = world.now()
    await world.days(40)
    await world.store.create({ name: 'new', rollout: 100 })
    expect(await world.found('a', {}, { store })).toMatchObject({ reasons: ['settled'], settledSince: since })
    expect(await world.reasons('new')).toEqual([])
    expect(await world.reasons('new', { settledDays: 0 })).toEqual(['settled'])
    expect(store.calls['history']).toBeUndefined()
  })

  test('is not reset by a change that changes no answer, however many there are', async () => {
    await world.store.create({ name: 'a', rollout: 50 })
    await world.days(1)
    await world.store.update('a', { rollout: 0 })
    const since = world.now()
    await world.days(1)
    await world.store.update('a', { enabled: false })
    await world.store.update('a', { rollout: 100 })
    for (let change = 0; change < 250; change++) {
      await world.days(1)
      await world.store.update('a', { description: `change ${change}` })
    }
    expect(await world.found('a')).toMatchObject({ reasons: ['settled'], settledSince: since })
  })

  test('is reset by each change of the answer: to the other one, to another variant or another value, and back', async () => {
    const variants = (first: number, second: number, value = 1): object => ({
      variants: [
        { name: 'first', value, weight: first },
        { name: 'second', value: 2, weight: second },
      ],
    })
    await world.store.create({ name: 'a', rollout: 100 })
    for (const patch of [{ rollout: 0 }, { rollout: 100 }, variants(1, 0), variants(1, 0, 7), variants(0, 1)]) {
      await world.days(40)
      await world.store.update('a', patch)
      expect(await world.reasons('a')).toEqual([])
    }
    await world.days(40)
    await world.store.update('a', { rollout: 50 })
    await world.store.update('a', { rollout: 100 })
    const since = world.now()
    await world.days(1)
    await world.store.update('a', { description: 'x' })
    expect(await world.reasons('a')).toEqual([])
    expect((await world.found('a', { settledDays: 1 }))?.settledSince).toBe(since)
  })

  test('is one from the end of its ramp on, though it was changed during and after it', async () => {
    await world.store.create({
      name: 'a',
      ramp: { from: { at: '2026-01-11T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-21T00:00:00.000Z', rollout: 100 } },
    })
    await world.days(15)
    await world.store.update('a', { description: 'during' })
    await world.days(34.999)
    expect(await world.reasons('a')).toEqual([])
    await world.days(0.001)
    await world.store.update('a', { description: 'after' })
    await world.store.update('a', { ramp: null, rollout: 100 })
    expect(await world.found('a')).toMatchObject({ reasons: ['settled'], settledSince: '2026-01-21T00:00:00.000Z' })
  })

  test('is one from the end of its ramp on, though it answered everybody so before the ramp, too', async () => {
    await world.store.create({ name: 'a', rollout: 100 })
    await world.days(5)
    await world.store.update('a', {
      ramp: { from: { at: '2026-01-11T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-21T00:00:00.000Z', rollout: 100 } },
    })
    await world.days(80)
    expect(await world.found('a')).toMatchObject({ reasons: ['settled'], settledSince: '2026-01-21T00:00:00.000Z' })
  })

  test('counts from what is left of a log that was pruned: the oldest record in it', async () => {
    await world.store.create({ name: 'a', rollout: 100 })
    const left: string[] = []
    for (const description of ['x', 'y', 'z']) {
      await world.days(40)
      left.push(world.now())
      await world.store.update('a', { description })
    }
    await world.store.prune(30)
    expect(await world.store.history('a')).toHaveLength(1)
    expect(await world.found('a')).toMatchObject({ reasons: ['settled'], settledSince: left[1] })
  })

  test('is a flag that was deleted and made anew from then on', async () => {
    await world.store.create({ name: 'a', rollout: 100 })
    await world.days(40)
    await world.store.delete('a')
    await world.store.create({ name: 'a', rollout: 100 })
    const since = world.now()
    await world.days(30)
    await world.store.update('a', { owner: 'x' })
    expect((await world.found('a'))?.settledSince).toBe(since)
  })
})
