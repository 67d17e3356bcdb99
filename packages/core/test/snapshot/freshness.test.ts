import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Flags } from '../../src/index.ts'
import { around, Fleet, gate, unwatched } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'
import { type Replicated, replicated } from '../replicated-store.ts'

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

async function takeSnapshot(from: Flags): Promise<{ readonly asOf: number | undefined; readonly stale: boolean; readonly on: boolean }> {
  const snapshot = await fleet.clock.until(from.snapshot())
  return { asOf: snapshot.asOf, stale: snapshot.stale, on: snapshot.isEnabled('one', 'ada') }
}

describe('the load of a snapshot', () => {
  test('is shared by all calls at once', async () => {
    await Promise.all([flags.snapshot(), flags.snapshot(), flags.snapshot()])
    expect(pair.store.calls['loadAll']).toBe(1)
  })

  test('is made again where the log overtakes it', async () => {
    const opened = gate()
    const store = around(fleet.store, {
      loadAll: async (next, ...args) => {
        const loaded = await next(...args)
        await opened.opened
        return loaded
      },
    })
    const client = fleet.client({ store, cache: undefined as never })
    await client.ready()
    const snapshot = client.snapshot()
    await settle()
    await fleet.store.update('one', { enabled: false })
    await settle()
    opened.open()
    expect([(await snapshot).asOf, (await snapshot).isEnabled('one', 'ada'), store.calls['loadAll']]).toEqual([3, false, 2])
  })
})

describe('a snapshot', () => {
  test('is not older than an answer from the cache, or says that it is stale', async () => {
    let gone = false
    const unless = <T>(next: () => Promise<T>): Promise<T> => (gone ? Promise.reject(new Error('gone')) : next())
    const store = around(fleet.store, {
      load: (next, ...args) => unless(() => next(...args)),
      changesSince: (next, ...args) => unless(() => next(...args)),
    })
    const client = fleet.deaf({ store })
    await client.snapshot()
    const writer = fleet.deaf()
    await writer.admin.update('one', { enabled: false })
    await fleet.client({ memory: false }).evaluate('one', 'ada')
    await settle()
    gone = true
    expect(await client.evaluate('one', 'ada')).toMatchObject({ enabled: false, asOf: 3, source: 'decision' })
    expect(await takeSnapshot(client)).toEqual({ asOf: 2, stale: true, on: true })
    gone = false
    await fleet.clock.advance(2_000)
    expect(await takeSnapshot(client)).toEqual({ asOf: 3, stale: false, on: false })
  })

  test('is not older than an answer that was given while it caught up', async () => {
    const held = gate()
    let isSlow = false
    const store = around(pair.store, {
      changesSince: async (next, ...args) => {
        const changes = await next(...args)
        if (isSlow) await held.opened
        return changes
      },
    })
    const client = fleet.client({ store: unwatched(store), memory: false, cache: undefined as never })
    await client.snapshot()
    await fleet.store.update('one', { enabled: false })
    await client.evaluate('one', 'ada')
    isSlow = true
    const snapshot = client.snapshot()
    await settle()
    await fleet.store.update('two', { enabled: false })
    expect(await client.evaluate('two', 'ada')).toMatchObject({ asOf: 4, enabled: false })
    held.open()
    const { asOf, stale } = await fleet.clock.until(snapshot)
    expect([asOf, stale]).toEqual([4, false])
  })

  test('is stale where answers overtake three catch-ups in a row', async () => {
    let rounds = 0
    const store = around(pair.store, {
      changesSince: async (next, ...args) => {
        const changes = await next(...args)
        if (rounds === 0) return changes
        rounds++
        await fleet.store.update('two', { rollout: rounds })
        await client.evaluate('two', 'ada')
        return changes
      },
    })
    const client = fleet.client({ store: unwatched(store), memory: false, cache: undefined as never })
    await client.snapshot()
    await fleet.store.update('one', { enabled: false })
    await client.evaluate('one', 'ada')
    rounds = 1
    const { stale } = await fleet.clock.until(client.snapshot())
    expect([stale, rounds]).toEqual([true, 4])
    rounds = 0
    expect(await takeSnapshot(client)).toEqual({ asOf: 6, stale: false, on: false })
  })

  test('is not older than a hint that came during a catch-up', async () => {
    const [hinted, read] = [gate(), gate()]
    let isSlow = false
    const store = around(pair.store, {
      changesSince: async (next, ...args) => {
        const changes = await next(...args)
        if (!isSlow) return changes
        isSlow = false
        read.open()
        await hinted.opened
        return changes
      },
    })
    const client = fleet.client({ store })
    await client.snapshot()
    const writer = fleet.deaf()
    isSlow = true
    const beyond = client.evaluate('one', 'ada', { minVersion: 9 })
    await read.opened
    await writer.admin.update('one', { enabled: false })
    await settle()
    hinted.open()
    expect((await beyond).errorCode).toBe('VERSION_NOT_REACHED')
    expect(await takeSnapshot(client)).toEqual({ asOf: 3, stale: false, on: false })
  })

  test('is not older than the lease, where only calls keep the process up to date', async () => {
    const client = fleet.client({ background: false, cache: undefined as never })
    await client.snapshot()
    await fleet.store.update('one', { enabled: false })
    expect(await takeSnapshot(client)).toEqual({ asOf: 2, stale: false, on: true })
    await fleet.clock.advance(30_001)
    expect(await takeSnapshot(client)).toEqual({ asOf: 3, stale: false, on: false })
  })

  test('is not newer than a last known good that is answered after it', async () => {
    const held = gate()
    let gone = false
    const refused = (next: (...args: never[]) => Promise<never>, ...args: never[]) =>
      gone ? Promise.reject(new Error('gone')) : next(...args)
    const store = around(pair.store, {
      update: (next, ...args) => next(...args).then((change) => held.opened.then(() => change)),
      load: refused as never,
      changesSince: refused as never,
    })
    const client = fleet.client({ store: unwatched(store), cache: undefined as never })
    await client.snapshot()
    const update = client.admin.update('one', { rollout: 100 })
    await settle()
    await fleet.store.update('one', { enabled: false })
    await fleet.clock.advance(4_000)
    expect(await takeSnapshot(client)).toEqual({ asOf: 4, stale: false, on: false })
    held.open()
    await update
    gone = true
    expect((await fleet.clock.until(client.evaluate('one', 'ada'))).version).not.toBe(3)
  })

  test.each([
    ['the log was pruned past the change', 'lost', { stale: false }],
    ['the log can no longer be read', 'gone', { stale: true }],
  ] as const)('is not newer than what memory answers after it, where %s', async (_, log, expected) => {
    let [state, isGone] = ['fine' as 'fine' | 'lost' | 'gone', false]
    const cursor = async () => (await fleet.store.head()).cursor
    const store = around(fleet.store, {
      load: (next, ...args) => (isGone ? Promise.reject(new Error('gone')) : next(...args)),
      changesSince: async (next, ...args) => {
        if (isGone || state === 'gone') throw new Error('gone')
        return state === 'lost' ? { kind: 'lost' as const, why: 'pruned' as const, cursor: await cursor() } : await next(...args)
      },
    })
    const client = fleet.client({ store: unwatched(store), cache: undefined as never })
    if (log === 'lost') await client.snapshot()
    await fleet.store.create({ name: 'gone', rollout: 100 })
    for (const name of ['one', 'two', 'gone']) await client.evaluate(name, 'ada')
    await fleet.store.delete('gone')
    await fleet.store.update('one', { enabled: false })
    state = log
    if (log === 'lost') await fleet.clock.advance(4_000)
    const snapshot = await fleet.clock.until(client.snapshot())
    expect([snapshot.asOf, snapshot.stale, snapshot.isEnabled('one', 'ada')]).toEqual([5, expected.stale, false])
    isGone = true
    expect((await fleet.clock.until(client.evaluate('gone', 'ada'))).enabled).toBe(false)
    expect((await fleet.clock.until(client.evaluate('one', 'ada'))).version).not.toBe(1)
    // A flag that has not changed may still be answered from memory.
    expect(await fleet.clock.until(client.evaluate('two', 'ada'))).toMatchObject({ version: 2, source: 'memory' })
  })

  test('leaves in memory that a flag does not exist', async () => {
    const store = around(fleet.store)
    const client = fleet.client({ store, cache: undefined as never })
    await client.snapshot()
    await client.evaluate('missing', 'ada')
    await client.admin.update('one', { enabled: false })
    await client.snapshot()
    const loads = store.calls['load']
    expect(await client.evaluate('missing', 'ada')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', source: 'memory' })
    expect(store.calls['load']).toBe(loads)
  })

  test('is not newer than what the client answers right after it', async () => {
    const client = fleet.deaf({ cache: undefined as never })
    await client.evaluate('one', 'ada')
    await fleet.store.update('one', { enabled: false })
    const { asOf, on } = await takeSnapshot(client)
    expect([asOf, on, await client.isEnabled('one', 'ada')]).toEqual([3, false, false])
  })
})
