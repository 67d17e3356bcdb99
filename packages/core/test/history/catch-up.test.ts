import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import { sharedMemoryCache } from '../../src/adapters/memory/shared-memory-cache.ts'
import { type ChannelListener, createFlags } from '../../src/index.ts'
import { around, Fleet, gate } from '../client-fleet.ts'
import { ManualClock, settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

describe('with every hint lost', () => {
  test('the poll finds a change within 2 s where no channel is up', async () => {
    const flags = fleet.deaf()
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    await fleet.store.update('new_feature', { rollout: 100 })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    await fleet.clock.advance(2_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('the poll finds a change within 10 s where a channel seems to be up', async () => {
    const silent = around(fleet.store, {
      watch: async (_, listener) => {
        listener.onResync()
        return async () => undefined
      },
    })
    const flags = fleet.client({ store: silent, cache: undefined as never })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    expect(flags.stats().channels).toBe(1)
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(2_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    await fleet.clock.advance(8_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('losing a channel does not delay the next poll', async () => {
    const listeners: ChannelListener[] = []
    const silent = async (_: unknown, listener: ChannelListener) => {
      listener.onResync()
      listeners.push(listener)
      return async () => undefined
    }
    const [store, cache] = [around(fleet.store, { watch: silent as never }), around(fleet.cache(), { subscribe: silent as never })]
    const flags = fleet.client({ store, cache })
    await flags.isEnabled('new_feature', 'ada')
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(7_900)
    listeners[1]?.onDown(new Error('cut'))
    await fleet.clock.advance(2_100)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('a resubscribed channel leads to a catch-up at once, and a lost one is reported', async () => {
    let resync = (): void => undefined
    let down = (_: unknown): void => undefined
    const silent = around(fleet.store, {
      watch: async (_, listener) => {
        resync = () => listener.onResync()
        down = (cause) => listener.onDown(cause)
        resync()
        return async () => undefined
      },
    })
    const flags = fleet.client({ store: silent, cache: undefined as never })
    await flags.isEnabled('new_feature', 'ada')
    down(new Error('cut'))
    expect([fleet.codes, flags.stats().channels]).toEqual([['CHANNEL_DOWN'], 0])
    await fleet.store.update('new_feature', { rollout: 100 })
    resync()
    await settle()
    expect([await flags.isEnabled('new_feature', 'ada'), flags.stats().channels]).toEqual([true, 1])
  })
})

test('flags that change in one catch-up are replaced together, never seen half', async () => {
  await fleet.store.create({ name: 'other', rollout: 0 })
  const seen: string[] = []
  const flags = fleet.deaf()
  const look = () => Promise.all([flags.isEnabled('new_feature', 'ada'), flags.isEnabled('other', 'ada')])
  await look()
  await fleet.store.update('new_feature', { rollout: 100 })
  await fleet.store.update('other', { rollout: 100 })
  const looking = (async () => {
    for (let turn = 0; turn < 60; turn++) {
      seen.push(String(await look()))
      await settle(1)
    }
  })()
  await fleet.clock.advance(2_000)
  await looking
  expect(new Set(seen)).toEqual(new Set(['false,false', 'true,true']))
})

test('a listener that is told of one of them finds all of them replaced', async () => {
  await fleet.store.create({ name: 'other', rollout: 0 })
  const flags = fleet.deaf()
  await Promise.all([flags.isEnabled('new_feature', 'ada'), flags.isEnabled('other', 'ada')])
  const seen: Promise<boolean[]>[] = []
  flags.on('change', () => {
    seen.push(Promise.all([flags.isEnabled('new_feature', 'ada'), flags.isEnabled('other', 'ada')]))
  })
  await fleet.store.update('new_feature', { rollout: 100 })
  await fleet.store.update('other', { rollout: 100 })
  await fleet.clock.advance(2_000)
  expect(await Promise.all(seen)).toEqual([
    [true, true],
    [true, true],
  ])
})

describe('hints', () => {
  test('that are late, doubled or forged have no lasting effect', async () => {
    let forge = (_: { name: string; version: number }): void => undefined
    const cache = around(fleet.cache(), {
      subscribe: async (_, listener) => {
        forge = (hint) => listener.onHint(hint)
        listener.onResync()
        return async () => undefined
      },
    })
    const flags = fleet.client({ cache })
    const changes: unknown[] = []
    flags.on('change', (change) => changes.push(change))
    await flags.isEnabled('new_feature', 'ada')
    await flags.admin.update('new_feature', { rollout: 100 })
    await settle()
    for (const version of [1, 2, 2, 9_000]) forge({ name: 'new_feature', version })
    forge({ name: 'unknown', version: 3 })
    await settle()
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    await flags.admin.update('new_feature', { rollout: 0 })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    expect(changes).toEqual([
      { name: 'new_feature', version: 2 },
      { name: 'new_feature', version: 9_000 },
      { name: 'unknown', version: 3 },
      { name: 'new_feature', version: 3 },
    ])
  })

  test('out of order: an update that is confirmed late does not put back what the latest hint dropped', async () => {
    let hint = (_: { name: string; version: number }): void => undefined
    const cache = around(fleet.cache(), {
      subscribe: async (_, listener) => {
        hint = (each) => listener.onHint(each)
        return async () => undefined
      },
    })
    const store = around(fleet.store, {
      watch: async () => async () => undefined,
      async update(next, ...args) {
        const change = await next(...args)
        await fleet.store.update('new_feature', { rollout: 100 })
        await fleet.store.update('new_feature', { owner: 'team-a' })
        for (const version of [4, 3]) hint({ name: 'new_feature', version })
        return change
      },
    })
    const flags = fleet.client({ store, cache })
    await flags.isEnabled('new_feature', 'ada')
    await flags.admin.update('new_feature', { rollout: 10 })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ version: 4 })
  })

  test('with a version missing before them lead to a read of the log', async () => {
    const store = around(fleet.store, { watch: async () => async () => undefined })
    const flags = fleet.client({ store })
    await flags.isEnabled('new_feature', 'ada')
    await settle()
    const before = store.calls['changesSince'] ?? 0
    const writer = fleet.client({ cache: undefined as never })
    await writer.admin.update('new_feature', { rollout: 100 })
    await fleet.client().admin.create({ name: 'other' })
    await settle()
    expect((store.calls['changesSince'] ?? 0) - before).toBeGreaterThan(0)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('a channel that cannot be opened is reported, and the poll goes on', async () => {
    const refused = () => Promise.reject(new Error('no LISTEN here'))
    const flags = fleet.client({ store: around(fleet.store, { watch: refused }), cache: undefined as never })
    await flags.ready()
    expect(fleet.codes).toEqual(['CHANNEL_DOWN'])
    await flags.isEnabled('new_feature', 'ada')
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(2_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })
})

test('a `minVersion` that the store has not reached is reported to onError, too', async () => {
  const flags = fleet.deaf()
  const asked = flags.evaluate('new_feature', 'ada', { minVersion: 99 })
  expect((await fleet.clock.until(asked)).errorCode).toBe('VERSION_NOT_REACHED')
  expect(fleet.codes).toEqual(['VERSION_NOT_REACHED'])
})

test('the lease counts from when a catch-up began, not from when it ended', async () => {
  const held = gate()
  const store = around(fleet.store, {
    async head(next, ...args) {
      const head = await next(...args)
      await held.opened
      return head
    },
    changesSince: () => Promise.reject(new Error('refused')),
  })
  const flags = fleet.deaf({ store, timeoutMs: { store: 5_000 } })
  const ready = flags.ready()
  await fleet.clock.advance(4_000)
  held.open()
  await ready
  await fleet.clock.advance(25_900)
  expect(flags.stats().leased).toBe(true)
  await fleet.clock.advance(100)
  expect(flags.stats().leased).toBe(false)
})

test('catch-ups that are requested while one runs share the next one', async () => {
  const held = gate()
  let holding = false
  const store = around(fleet.store, {
    changesSince: async (next, ...args) => {
      if (holding) await held.opened
      return await next(...args)
    },
  })
  const flags = fleet.deaf({ store })
  await flags.ready()
  holding = true
  const calls = Array.from({ length: 100 }, (_, index) => flags.isEnabled('new_feature', 'ada', { minVersion: 2 + index }))
  await fleet.clock.advance(60)
  held.open()
  await fleet.clock.advance(200)
  await Promise.all(calls)
  expect(store.calls['changesSince']).toBeLessThanOrEqual(3)
})

test('two stores on one cache never see each other’s flags, and the sharing is reported', async () => {
  const clock = new ManualClock()
  const space = sharedMemoryCache({ clock })
  const errors: string[] = []
  const clients = [0, 100].map((rollout) =>
    createFlags({
      store: memoryStore({ clock, flags: [{ name: 'new_feature', rollout }] }),
      cache: space.connect(),
      clock,
      memory: false,
      onError: (error) => errors.push(error.code),
    }),
  )
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(clients.map((client) => client.isEnabled('new_feature', 'ada')))
    expect(answers).toEqual([false, true])
    await settle()
  }
  expect(errors).toContain('CACHE_SHARED_BY_STORES')
  await Promise.all(clients.map((client) => client.close()))
})
