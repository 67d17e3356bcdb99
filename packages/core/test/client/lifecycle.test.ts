import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFlags, FlagsError, memoryCache, memoryStore } from '../../src/index.ts'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

describe('close', () => {
  test('ends all timers, subscriptions and work, and closes both adapters', async () => {
    let subscriptions = 0
    const channel = {
      async around(next: (listener: never) => Promise<() => Promise<void>>, listener: unknown): Promise<() => Promise<void>> {
        const unsubscribe = await next(listener as never)
        subscriptions++
        return () => {
          subscriptions--
          return unsubscribe()
        }
      },
    }
    const store = around(fleet.store, { watch: channel.around as never })
    const cache = around(fleet.cache(), { subscribe: channel.around as never })
    const flags = fleet.client({ store, cache })
    await flags.isEnabled('new_feature', 'ada')
    await settle()
    // The poll, the end of the lease, and whether the process was suspended.
    expect([subscriptions, fleet.clock.pending]).toEqual([2, 3])
    await flags.close()
    expect([subscriptions, fleet.clock.pending]).toEqual([0, 0])
    expect([store.calls['close'], cache.calls['close']]).toEqual([1, 1])
  })

  test('waits for a fill that is under way', async () => {
    const held = gate()
    let filled = false
    const cache = around(fleet.cache(), {
      async fill(next, ...args) {
        await held.opened
        const result = await next(...args)
        filled = true
        return result
      },
    })
    const flags = fleet.client({ cache })
    await flags.isEnabled('new_feature', 'ada')
    const closing = flags.close()
    held.open()
    await closing
    expect(filled).toBe(true)
  })

  test('may be called twice, and by `await using`', async () => {
    const store = around(fleet.store)
    {
      await using flags = fleet.client({ store })
      await flags.isEnabled('new_feature', 'ada')
      expect(await flags.close()).toBe(await flags.close())
    }
    expect(store.calls['close']).toBe(1)
  })

  test('makes every later answer the default, with CLOSED, and administration reject', async () => {
    const flags = fleet.client()
    await flags.isEnabled('new_feature', 'ada')
    await flags.close()
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    expect(await flags.evaluate('new_feature', 'ada', { default: true })).toMatchObject({
      enabled: true,
      errorCode: 'CLOSED',
      source: 'default',
    })
    await expect(flags.ready()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(flags.stats().leased).toBe(false)
    await expect(flags.admin.list()).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(flags.admin.update('new_feature', { rollout: 1 })).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('ends the lease for good, also where a catch-up ends after it', async () => {
    const flags = fleet.client()
    await flags.ready()
    await flags.close()
    await settle()
    expect(flags.stats().leased).toBe(false)
  })

  test('before the first call opens nothing', async () => {
    const store = around(fleet.store)
    await fleet.client({ store }).close()
    expect(store.calls).toEqual({ close: 1 })
  })

  test('in the same turn as the first call opens nothing either', async () => {
    const [store, cache] = [around(fleet.store), around(fleet.cache())]
    const flags = fleet.client({ store, cache })
    const asked = flags.isEnabled('new_feature', 'ada')
    await flags.close()
    expect(typeof (await asked)).toBe('boolean')
    await settle()
    expect([store.calls['watch'], cache.calls['subscribe'], fleet.clock.pending]).toEqual([undefined, undefined, 0])
  })

  test('finishes where a subscription cannot be ended, and reports it', async () => {
    const store = around(fleet.store, { watch: async () => () => Promise.reject(new Error('cut')) })
    const flags = fleet.client({ store })
    await flags.ready()
    await flags.close()
    expect([store.calls['close'], fleet.clock.pending, fleet.codes]).toEqual([1, 0, ['CHANNEL_DOWN']])
  })

  test('waits for an update that is under way, and keeps nothing of it in memory', async () => {
    const held = gate()
    const store = around(fleet.store, { update: (next, ...args) => held.opened.then(() => next(...args)) })
    const flags = fleet.client({ store })
    await flags.ready()
    const update = flags.admin.update('new_feature', { rollout: 50 })
    const closing = flags.close()
    held.open()
    expect((await update).propagation).toBe('ok')
    await closing
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ errorCode: 'CLOSED' })
  })

  test('tries once more to raise owed fences', async () => {
    let down = true
    const cache = around(fleet.cache(), { invalidate: (next, ...args) => (down ? Promise.reject(new Error('refused')) : next(...args)) })
    const flags = fleet.deaf({ cache })
    expect((await flags.admin.update('new_feature', { rollout: 0 })).propagation).toBe('deferred')
    down = false
    await flags.close()
    const look = fleet.cache()
    await look.open((await fleet.store.head()).storeId)
    expect((await look.read([{ name: 'new_feature' }]))[0]?.fenceVersion).toBe(2)
  })

  test('ends a read that has not started yet', async () => {
    const flags = fleet.client()
    await flags.ready()
    const reading = flags.evaluate('new_feature', 'ada')
    await flags.close()
    expect(['CLOSED', undefined]).toContain((await reading).errorCode)
  })
})

describe('ready', () => {
  test('waits for the catch-up that a call has begun, and not for another one', async () => {
    const held = gate()
    const store = around(fleet.store, {
      head: (next, ...args) => held.opened.then(() => next(...args)),
      changesSince: () => Promise.reject(new Error('connection refused')),
    })
    const flags = fleet.client({ store })
    void flags.evaluate('new_feature', 'ada')
    await settle()
    const ready = flags.ready()
    held.open()
    await ready
    expect([store.calls['head'], flags.stats().leased]).toEqual([1, true])
  })

  test('resolves when the store was reached and the channels are up', async () => {
    const flags = fleet.client()
    await flags.ready()
    expect(flags.stats()).toMatchObject({ clock: 1, leased: true, channels: 2 })
    await flags.ready()
  })

  test.each(['SCHEMA_MISSING', 'SCHEMA_OLD'] as const)('rejects with %s, and the message says what to do', async (code) => {
    const store = around(fleet.store, { head: () => Promise.reject(new FlagsError(code, 'Run migrate() first.')) })
    const flags = fleet.client({ store })
    await expect(flags.ready()).rejects.toMatchObject({ code, message: expect.stringContaining('migrate()') })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, errorCode: code })
  })

  test('resolves where the cache cannot be opened', async () => {
    const flags = fleet.client({ cache: around(fleet.cache(), { open: () => Promise.reject(new Error('refused')) }) })
    await flags.ready()
    expect(fleet.codes).toEqual(['CACHE_UNAVAILABLE'])
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })
})

test('stats count hits and misses of each layer', async () => {
  const flags = fleet.client()
  await flags.isEnabled('new_feature', 'ada')
  await flags.isEnabled('new_feature', 'ada')
  await flags.evaluate('new_feature', 'ada')
  await settle()
  expect(flags.stats()).toEqual({
    memory: { hits: 2, misses: 1 },
    decision: { hits: 0, misses: 1 },
    cache: { hits: 0, misses: 1 },
    store: { reads: 1, flags: 1 },
    clock: 1,
    leased: true,
    stale: false,
    channels: 2,
  })
})

test('two clients share only the adapters that both were given', async () => {
  const [a, b] = [0, 100].map((rollout) => createFlags({ store: memoryStore({ flags: [{ name: 'x', rollout }] }), cache: memoryCache() }))
  expect(await Promise.all([a?.isEnabled('x', 'ada'), b?.isEnabled('x', 'ada')])).toEqual([false, true])
  await a?.close()
  expect(await b?.isEnabled('x', 'ada')).toBe(true)
  await b?.close()
})

test('the system clock is the default, and keeps no process alive', async () => {
  await using flags = createFlags({ store: memoryStore({ flags: [{ name: 'x', rollout: 100 }] }), cache: memoryCache() })
  await flags.ready()
  expect(await flags.isEnabled('x', 'ada')).toBe(true)
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThanOrEqual(1)
})
