import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { Flags } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'one', rollout: 100, tags: ['client'] })
  await fleet.store.create({ name: 'two', rollout: 50 })
})
afterEach(() => fleet.end())

function counted(): { readonly store: ReturnType<typeof around<Fleet['store']>>; readonly flags: Flags } {
  const store = around(fleet.store)
  return { store, flags: fleet.client({ store }) }
}

describe('a snapshot', () => {
  test('answers as the client does, without waiting', async () => {
    const { flags } = counted()
    const snapshot = await flags.snapshot()
    for (let user = 0; user < 200; user++) {
      const who = `user-${user}`
      expect(snapshot.isEnabled('two', who)).toBe(await flags.isEnabled('two', who))
    }
    expect(snapshot.evaluate('two', 'ada')).toEqual({ ...(await flags.evaluate('two', 'ada')), source: 'memory' })
    expect([snapshot.asOf, snapshot.stale, snapshot.names]).toEqual([2, false, ['one', 'two']])
  })

  test('loads all flags once, and then follows the log', async () => {
    const { store, flags } = counted()
    await flags.snapshot()
    for (let round = 0; round < 5; round++) {
      await fleet.store.update('one', { rollout: round })
      await settle()
      expect((await flags.snapshot()).evaluate('one', 'ada').rollout).toBe(round)
    }
    expect([store.calls['loadAll'], store.calls['load']]).toEqual([1, undefined])
  })

  test('is the same object as long as nothing changed', async () => {
    const { flags } = counted()
    const first = await flags.snapshot()
    await flags.isEnabled('one', 'ada')
    await fleet.clock.advance(60_000)
    expect(await flags.snapshot()).toBe(first)
    await flags.admin.update('two', { rollout: 10 })
    const second = await flags.snapshot()
    expect(second).not.toBe(first)
    expect(await flags.snapshot()).toBe(second)
  })

  test('never changes once it is taken', async () => {
    const { flags } = counted()
    const before = await flags.snapshot()
    await flags.admin.update('one', { enabled: false })
    await flags.admin.delete('two')
    await flags.admin.create({ name: 'three', rollout: 100 })
    const after = await flags.snapshot()
    expect([before.isEnabled('one', 'ada'), before.names]).toEqual([true, ['one', 'two']])
    expect([after.isEnabled('one', 'ada'), after.names]).toEqual([false, ['one', 'three']])
    expect(before.evaluate('three', 'ada').errorCode).toBe('FLAG_NOT_FOUND')
  })

  test('is as new as this process’ own update, and as a hint that it got', async () => {
    const { flags } = counted()
    await flags.snapshot()
    const { version } = await flags.admin.update('one', { rollout: 10 })
    expect((await flags.snapshot()).asOf).toBeGreaterThanOrEqual(version)
    await fleet.store.update('one', { rollout: 20 })
    await settle()
    expect((await flags.snapshot()).evaluate('one', 'ada').rollout).toBe(20)
  })

  test('shows a transaction over two flags whole or not at all', async () => {
    const { flags } = counted()
    await flags.snapshot()
    for (let round = 1; round <= 20; round++) {
      const both = Promise.all([fleet.store.update('one', { rollout: round }), fleet.store.update('two', { rollout: round })])
      const snapshot = await flags.snapshot()
      const [one, two] = [snapshot.evaluate('one', 'ada').rollout ?? 0, snapshot.evaluate('two', 'ada').rollout ?? 0]
      if (snapshot.asOf === 2 + 2 * round) expect([one, two]).toEqual([round, round])
      await both
      await settle()
    }
  })

  test('has segments and prerequisites of the same version', async () => {
    const { flags } = counted()
    await flags.admin.segments.create({ name: 'staff', members: ['ada'] })
    await flags.admin.create({
      name: 'debug',
      requires: [{ flag: 'one' }],
      rules: [{ when: [{ attribute: 'targetingKey', operator: 'inSegment', value: 'staff' }] }],
    })
    const before = await flags.snapshot()
    await flags.admin.segments.update('staff', { members: ['ben'] })
    const between = await flags.snapshot()
    await flags.admin.update('one', { enabled: false })
    const after = await flags.snapshot()
    const seen = [before, between, after].map((each) => [each.isEnabled('debug', 'ada'), each.isEnabled('debug', 'ben')])
    expect(seen).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ])
    expect([...after.names].sort()).toEqual(['debug', 'one', 'two'])
  })

  test('follows the clock where a flag has a ramp', async () => {
    const { flags } = counted()
    const at = (ms: number) => new Date(fleet.clock.now() + ms).toISOString()
    await flags.admin.create({ name: 'slow', ramp: { from: { at: at(0), rollout: 0 }, to: { at: at(10_000), rollout: 100 } } })
    const snapshot = await flags.snapshot()
    expect(snapshot.isEnabled('slow', 'ada')).toBe(false)
    await fleet.clock.advance(10_000)
    expect(snapshot.isEnabled('slow', 'ada')).toBe(true)
  })
})

describe('with the store down', () => {
  test('the last snapshot is given, stale once the lease has run out', async () => {
    let gone = false
    const broken = <T>(next: () => Promise<T>): Promise<T> => (gone ? Promise.reject(new Error('gone')) : next())
    const store = around(fleet.store, {
      head: (next, ...args) => broken(() => next(...args)),
      loadAll: (next, ...args) => broken(() => next(...args)),
      changesSince: (next, ...args) => broken(() => next(...args)),
    })
    const flags = fleet.client({ store })
    expect((await flags.snapshot()).stale).toBe(false)
    gone = true
    await fleet.clock.advance(31_000)
    const snapshot = await flags.snapshot()
    expect([snapshot.stale, snapshot.isEnabled('one', 'ada')]).toEqual([true, true])
    expect(snapshot.evaluate('one', 'ada').reason).toBe('STALE')
    gone = false
    await fleet.clock.advance(4_000)
    expect((await flags.snapshot()).stale).toBe(false)
  })

  test('from the start, every answer is the default, with ERROR and why', async () => {
    const store = around(fleet.store, {
      head: () => Promise.reject(new Error('gone')),
      loadAll: () => Promise.reject(new Error('gone')),
    })
    const flags = fleet.client({ store, schema: { one: { default: true } } })
    const snapshot = await flags.snapshot()
    expect([snapshot.asOf, snapshot.stale, snapshot.names]).toEqual([undefined, true, []])
    expect(snapshot.isEnabled('one', 'ada')).toBe(true)
    expect(snapshot.evaluate('two', 'ada')).toMatchObject({
      enabled: false,
      reason: 'ERROR',
      source: 'default',
      errorCode: 'STORE_UNAVAILABLE',
    })
  })

  test('a snapshot is of the new history once the store went back', async () => {
    const older = memoryStore({ clock: fleet.clock, flags: [{ name: 'one', rollout: 0 }] })
    let restored = false
    const store = new Proxy(fleet.store, {
      get: (_, key) => {
        const from = restored ? older : fleet.store
        const value = Reflect.get(from, key) as unknown
        return typeof value === 'function' ? (value.bind(from) as unknown) : value
      },
    })
    const counted = around(store)
    const flags = fleet.deaf({ store: counted })
    expect([(await flags.snapshot()).isEnabled('one', 'ada'), await flags.isEnabled('one', 'ada')]).toEqual([true, true])
    restored = true
    await fleet.clock.advance(2_000)
    const snapshot = await flags.snapshot()
    expect([snapshot.isEnabled('one', 'ada'), snapshot.names, snapshot.asOf]).toEqual([false, ['one'], 1])
    const asked = counted.calls['changesSince']
    await flags.snapshot()
    expect(counted.calls['changesSince']).toBe(asked)
  })
})

describe('evaluateAll', () => {
  test('returns every flag for one context', async () => {
    const all = (await fleet.client().snapshot()).evaluateAll('ada')
    expect(Object.keys(all)).toEqual(['one', 'two'])
    expect(all['one']).toMatchObject({ enabled: true, reason: 'STATIC', version: 1 })
  })

  test('with `forClient` leaves out what a front end must not see', async () => {
    await fleet.store.update('one', { variants: [{ name: 'blue', value: '#00f', weight: 1 }] })
    const all = (await fleet.client().snapshot()).evaluateAll({ targetingKey: 'ada', secret: 1 }, { forClient: true, tags: ['client'] })
    expect(all).toEqual({ one: { enabled: true, variant: 'blue', value: '#00f' } })
  })

  test('handles flags named like properties of objects', async () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty']) await fleet.store.create({ name, rollout: 100 })
    const snapshot = await fleet.client().snapshot()
    expect(snapshot.evaluateAll('ada')['constructor']).toMatchObject({ enabled: true })
    expect(snapshot.isEnabled('valueOf', 'ada')).toBe(false)
  })
})

test('a closed client gives no snapshot, and one taken before goes on answering', async () => {
  const flags = fleet.client()
  const snapshot = await flags.snapshot()
  await fleet.clock.until(flags.close())
  await expect(flags.snapshot()).rejects.toMatchObject({ code: 'CLOSED' })
  expect(snapshot.isEnabled('one', 'ada')).toBe(true)
})
