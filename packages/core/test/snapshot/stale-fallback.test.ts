import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Changes, type FlagStore, type Flags, memoryStore } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { type Replicated, replicated } from '../replicated-store.ts'

const HOUR_MS = 3_600_000

let fleet: Fleet
let pair: Replicated
let flags: Flags
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'one', rollout: 100 })
  await fleet.store.create({ name: 'two', rollout: 50 })
  pair = replicated(fleet.store)
  flags = fleet.deaf({ store: pair.store, cache: undefined as never })
})
afterEach(() => fleet.end())

async function takeSnapshot(
  from: Flags = flags,
): Promise<{ readonly asOf: number | undefined; readonly stale: boolean; readonly on: boolean }> {
  const snapshot = await fleet.clock.until(from.snapshot())
  return { asOf: snapshot.asOf, stale: snapshot.stale, on: snapshot.isEnabled('one', 'ada') }
}

describe('a snapshot, where the primary has never been read', () => {
  beforeEach(() => {
    pair.primary = 'down'
  })

  test('is of the replica, stale, and the same object as long as that does not change', async () => {
    const snapshot = await flags.snapshot()
    expect([snapshot.asOf, snapshot.stale, snapshot.names]).toEqual([2, true, ['one', 'two']])
    expect(snapshot.evaluate('one', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', source: 'memory', asOf: 2 })
    await fleet.clock.advance(10_000)
    expect(await flags.snapshot()).toBe(snapshot)
    await fleet.store.update('one', { enabled: false })
    await pair.catchUp()
    await fleet.clock.advance(2_000)
    expect(await takeSnapshot()).toEqual({ asOf: 3, stale: true, on: false })
  })

  test('asks the replica at most every 2 s, and once for all calls at once', async () => {
    const taken = await Promise.all([flags.snapshot(), flags.snapshot()])
    expect(taken.map(({ asOf }) => asOf)).toEqual([2, 2])
    await fleet.clock.advance(1_999)
    await flags.snapshot()
    expect(pair.asked).toEqual(['all'])
    await fleet.clock.advance(1)
    await flags.snapshot()
    expect(pair.asked).toEqual(['all', 'all'])
  })

  test('is of the primary as soon as that can be read', async () => {
    await flags.snapshot()
    pair.primary = 'up'
    await fleet.store.update('one', { enabled: false })
    await fleet.clock.advance(4_000)
    expect(await takeSnapshot()).toEqual({ asOf: 3, stale: false, on: false })
  })

  test('is followed by no older answer', async () => {
    await pair.catchUp()
    const { asOf } = await flags.snapshot()
    pair.instead = (loaded) => ({ ...loaded, asOf: 1 })
    await fleet.clock.advance(2_000)
    expect((await flags.evaluate('one', 'ada')).asOf).toBe(asOf)
    expect((await flags.snapshot()).asOf).toBe(asOf)
  })

  test('is not of a replica that is behind what was answered', async () => {
    await fleet.store.update('two', { rollout: 60 })
    await pair.catchUp()
    expect((await flags.evaluate('two', 'ada')).asOf).toBe(3)
    pair.instead = (loaded) => ({ ...loaded, asOf: 2 })
    const snapshot = await flags.snapshot()
    expect([snapshot.asOf, snapshot.evaluate('one', 'ada').errorCode]).toEqual([undefined, 'STORE_UNAVAILABLE'])
  })

  test('is not of a replica that lacks a change that this process knows of', async () => {
    pair.primary = 'up'
    await flags.ready()
    await fleet.store.update('two', { rollout: 60 })
    await fleet.clock.advance(2_000)
    pair.primary = 'down'
    expect((await takeSnapshot()).asOf).toBeUndefined()
    await pair.catchUp()
    await fleet.clock.advance(2_000)
    expect((await takeSnapshot()).asOf).toBe(3)
  })

  test('has the libraries that its flags need', async () => {
    await fleet.store.update('one', { rules: [{ when: [{ attribute: 'plan', operator: 'matches', value: '^pro' }] }], rollout: 0 })
    await pair.catchUp()
    expect((await flags.snapshot()).isEnabled('one', { targetingKey: 'ada', plan: 'pro' })).toBe(true)
    expect(fleet.codes).not.toContain('PARSE_ERROR')
  })

  test('marks its answers STALE, but keeps the reason ERROR where that is not due to the store', async () => {
    const snapshot = await flags.snapshot()
    expect(snapshot.evaluate('two', {})).toMatchObject({ reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' })
    expect(snapshot.evaluate('gone', 'ada')).toMatchObject({ reason: 'STALE', errorCode: 'FLAG_NOT_FOUND' })
  })

  test('is not of the replica of another store, which is reported', async () => {
    pair.primary = 'up'
    await flags.ready()
    pair.primary = 'down'
    pair.instead = (loaded) => ({ ...loaded, storeId: 'another' })
    expect(await takeSnapshot()).toEqual({ asOf: undefined, stale: true, on: false })
    expect(fleet.codes).toContain('REPLICA_OF_OTHER_STORE')
  })

  test('is dropped where the primary comes back without the replica’s version', async () => {
    await fleet.store.update('one', { enabled: false })
    await pair.catchUp()
    pair.instead = (loaded) => ({ ...loaded, asOf: 9 })
    expect(await takeSnapshot()).toEqual({ asOf: 9, stale: true, on: false })
    pair.primary = 'up'
    await fleet.clock.advance(4_000)
    expect(await takeSnapshot()).toMatchObject({ asOf: 3, stale: false })
    expect(await flags.evaluate('one', 'ada')).toMatchObject({ asOf: 3, reason: 'DISABLED' })
    const asked = pair.store.calls['changesSince']
    await flags.snapshot()
    expect(pair.store.calls['changesSince']).toBe(asked)
  })

  test('raises no lasting floor where the primary comes back without the replica’s version', async () => {
    await pair.catchUp()
    pair.instead = (loaded) => {
      const ahead = [...loaded.flags].map(([name, record]) => [name, { ...record, version: 9 }] as never)
      return { ...loaded, asOf: 9, flags: new Map(ahead) }
    }
    expect(await takeSnapshot()).toEqual({ asOf: 9, stale: true, on: true })
    pair.primary = 'up'
    await fleet.clock.advance(4_000)
    expect(await flags.evaluate('one', 'ada')).toMatchObject({ version: 1, source: 'store', reason: 'STATIC' })
  })

  test.each(['down', 'hung'] as const)('is empty where the replica is %s too, and says why', async (how) => {
    pair.replica = how
    const snapshot = await fleet.clock.until(flags.snapshot())
    expect([snapshot.asOf, snapshot.stale, snapshot.names, snapshot.evaluateAll('ada')]).toEqual([undefined, true, [], {}])
    expect(snapshot.evaluate('one', 'ada', { default: true })).toMatchObject({
      enabled: true,
      reason: 'ERROR',
      errorCode: 'STORE_UNAVAILABLE',
    })
    expect(fleet.codes).toContain('REPLICA_UNAVAILABLE')
  })

  test('is empty where there is no replica', async () => {
    const { loadAllFromReplica: _, ...store } = pair.store
    expect(await takeSnapshot(fleet.deaf({ store: store as FlagStore, cache: undefined as never }))).toMatchObject({
      asOf: undefined,
      stale: true,
    })
  })
})

describe('a snapshot, where the primary is down', () => {
  test('is the last known good for an hour after it was confirmed, then that of the replica, then empty', async () => {
    await flags.snapshot()
    pair.primary = 'down'
    pair.replica = 'down'
    await fleet.clock.advance(HOUR_MS - 100)
    expect(await takeSnapshot()).toEqual({ asOf: 2, stale: true, on: true })
    await fleet.clock.advance(2_000)
    expect(await takeSnapshot()).toEqual({ asOf: undefined, stale: true, on: false })
    pair.replica = 'up'
    await fleet.clock.advance(2_000)
    expect(await takeSnapshot()).toEqual({ asOf: 2, stale: true, on: true })
    pair.replica = 'down'
    await fleet.clock.advance(HOUR_MS + 2_000)
    expect(await takeSnapshot()).toMatchObject({ asOf: undefined, stale: true })
  })

  test('is the last known good also where the log was pruned before the primary failed', async () => {
    const { changesSince } = fleet.store
    let isPruned = false
    const store = around(pair.store, {
      changesSince: async (next, ...args): Promise<Changes> => {
        const found = await (isPruned ? changesSince.bind(fleet.store)(...args) : next(...args))
        return isPruned ? { kind: 'lost', cursor: (await fleet.store.head()).cursor, why: 'pruned' } : found
      },
      loadAll: (next, ...args) => (isPruned ? Promise.reject(new Error('gone')) : next(...args)),
    })
    const client = fleet.deaf({ store, cache: undefined as never })
    const before = await client.snapshot()
    isPruned = true
    pair.replica = 'down'
    await fleet.clock.advance(2_000)
    const after = await client.snapshot()
    expect([after.asOf, after.stale, after.names]).toEqual([2, true, before.names])
    pair.replica = 'up'
    pair.instead = (loaded) => ({ ...loaded, asOf: 1, flags: new Map() })
    await fleet.clock.advance(2_000)
    expect(await client.snapshot()).toBe(after)
    pair.replica = 'down'
    await fleet.clock.advance(HOUR_MS)
    expect((await client.snapshot()).asOf).toBeUndefined()
    isPruned = false
    await fleet.clock.advance(2_000)
    expect(await takeSnapshot(client)).toEqual({ asOf: 2, stale: false, on: true })
  })

  test('is never of a lost history', async () => {
    const older = memoryStore({ clock: fleet.clock, flags: [{ name: 'one', rollout: 0 }] })
    let restored = false
    let gone = false
    let isPruned = false
    const store = new Proxy(fleet.store, {
      get: (_, key) => {
        const from = restored ? older : fleet.store
        if (gone && key === 'loadAll') return () => Promise.reject(new Error('gone'))
        if (isPruned && key === 'changesSince') return async () => ({ kind: 'lost', ...(await fleet.store.head()), why: 'pruned' })
        const value = Reflect.get(from, key) as unknown
        return typeof value === 'function' ? (value.bind(from) as unknown) : value
      },
    })
    const client = fleet.deaf({ store, cache: undefined as never })
    expect((await client.snapshot()).names).toEqual(['one', 'two'])
    isPruned = true
    await fleet.clock.advance(2_000)
    restored = true
    gone = true
    expect((await client.snapshot()).names).toEqual(['one', 'two'])
    isPruned = false
    gone = false
    await fleet.clock.advance(2_000)
    gone = true
    const snapshot = await client.snapshot()
    expect([snapshot.asOf, snapshot.names]).toEqual([undefined, []])
  })

  test('says why the head cannot be read, where flags can be', async () => {
    const store = around(fleet.store, { head: () => Promise.reject(new Error('no such table')) })
    const client = fleet.deaf({ store, cache: undefined as never })
    for (let round = 0; round < 2; round++) {
      expect((await client.snapshot()).evaluate('one', 'ada').errorMessage).toContain('no such table')
      await fleet.clock.advance(1_000)
    }
  })
})
