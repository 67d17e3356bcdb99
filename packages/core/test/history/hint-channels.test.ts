import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener, FlagCache, FlagStore } from '../../src/index.ts'
import { around, Fleet } from '../fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

/** A channel that connects, and tells only what the test lets through. */
interface Muffled {
  readonly listeners: ChannelListener[]
  lets(name: string, version: number): boolean
}

function muffled(lets: Muffled['lets'] = () => false): Muffled {
  return { listeners: [], lets }
}

async function through(
  channel: Muffled,
  subscribe: (listener: ChannelListener) => Promise<() => Promise<void>>,
  listener: ChannelListener,
) {
  channel.listeners.push(listener)
  return await subscribe({
    onHint: (hint) => channel.lets(hint.name, hint.version) && listener.onHint(hint),
    onResync: () => listener.onResync(),
    onDown: (cause) => listener.onDown(cause),
  })
}

function muffledStore(store: FlagStore, channel: Muffled): FlagStore {
  return around(store, { watch: (next, listener) => through(channel, next as never, listener as ChannelListener) as never })
}

function muffledCache(cache: FlagCache, channel: Muffled): FlagCache {
  return around(cache, { subscribe: (next, listener) => through(channel, next as never, listener as ChannelListener) as never })
}

describe('a channel that is up and has not told of a change a second after this process knew of it', () => {
  test('counts as down, which is told with the way out', async () => {
    const flags = fleet.client({ store: muffledStore(fleet.store, muffled()) })
    await flags.isEnabled('new_feature', 'ada')
    expect(flags.stats().channels).toBe(2)
    await flags.admin.update('new_feature', { rollout: 10 })
    await fleet.clock.advance(999)
    expect([flags.stats().channels, fleet.codes]).toEqual([2, []])
    await fleet.clock.advance(1)
    expect([flags.stats().channels, fleet.codes]).toEqual([1, ['CHANNEL_DOWN']])
    expect(fleet.errors[0]?.message).toContain('listenUrl')
    expect(String(fleet.errors[0]?.cause)).toContain('Flag new_feature: no hint of version 2')
  })

  test('brings the next poll near where no other channel is alive', async () => {
    const flags = fleet.client({ store: muffledStore(fleet.store, muffled()), cache: undefined as never })
    await flags.isEnabled('new_feature', 'ada')
    await flags.admin.update('new_feature', { rollout: 10 })
    await fleet.clock.advance(1_000)
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(2_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('counts as alive again once it tells something', async () => {
    let lets = false
    const flags = fleet.client({
      store: muffledStore(
        fleet.store,
        muffled(() => lets),
      ),
    })
    await flags.isEnabled('new_feature', 'ada')
    await flags.admin.update('new_feature', { rollout: 10 })
    await fleet.clock.advance(1_000)
    expect(flags.stats().channels).toBe(1)
    lets = true
    await fleet.store.update('new_feature', { rollout: 20 })
    await settle()
    expect(flags.stats().channels).toBe(2)
    await fleet.clock.advance(1_000)
    expect(flags.stats().channels).toBe(2)
  })

  test('is noticed on the side of the cache as well', async () => {
    const flags = fleet.client({ cache: muffledCache(fleet.cache(), muffled()) })
    await flags.isEnabled('new_feature', 'ada')
    await fleet.store.update('new_feature', { rollout: 10 })
    await fleet.clock.advance(1_000)
    expect([flags.stats().channels, fleet.codes]).toEqual([1, ['CHANNEL_DOWN']])
  })

  test('is not suspect where it tells of a later version of the flag', async () => {
    const flags = fleet.client({
      store: muffledStore(
        fleet.store,
        muffled((_, version) => version === 4),
      ),
    })
    await flags.isEnabled('new_feature', 'ada')
    for (const rollout of [10, 20, 30]) await flags.admin.update('new_feature', { rollout })
    await fleet.clock.advance(5_000)
    expect([flags.stats().channels, fleet.codes]).toEqual([2, []])
  })

  test('is not suspect for what happened before it came up', async () => {
    const channel = muffled(() => true)
    const flags = fleet.client({ store: muffledStore(fleet.store, channel) })
    await flags.isEnabled('new_feature', 'ada')
    channel.listeners[0]?.onDown(new Error('cut'))
    channel.lets = () => false
    await fleet.store.update('new_feature', { rollout: 10 })
    channel.lets = () => true
    channel.listeners[0]?.onResync()
    await fleet.clock.advance(5_000)
    expect([flags.stats().channels, fleet.codes]).toEqual([2, ['CHANNEL_DOWN']])
  })

  test('is not judged by more changes at once than it could be', async () => {
    const names = Array.from({ length: 1_001 }, (_, index) => `bulk-${index}`)
    const flags = fleet.client({
      store: muffledStore(
        fleet.store,
        muffled((name) => name === 'bulk-1000'),
      ),
    })
    await flags.isEnabled('new_feature', 'ada')
    await Promise.all(names.map((name) => fleet.store.create({ name })))
    await fleet.clock.advance(5_000)
    expect(flags.stats().channels).toBe(2)
  })
})

describe('in a fleet', () => {
  /** How many follow the store's hints. */
  function counting(): { readonly store: FlagStore; following: number } {
    const count = { store: fleet.store, following: 0 }
    count.store = around(fleet.store, {
      watch: async (next, listener) => {
        const end = await next(listener)
        count.following++
        return async () => {
          count.following--
          await end()
        }
      },
    })
    return count
  }

  test('three processes follow the store, and the others hear of a direct edit through the cache', async () => {
    const count = counting()
    const clients = Array.from({ length: 8 }, () => fleet.client({ store: count.store }))
    for (const flags of clients) await flags.ready()
    expect(count.following).toBe(3)
    expect(clients.map((flags) => flags.stats().channels).sort()).toEqual([1, 1, 1, 1, 1, 2, 2, 2])
    await Promise.all(clients.map((flags) => flags.isEnabled('new_feature', 'ada')))
    await fleet.store.update('new_feature', { rollout: 100 })
    await settle()
    expect(await Promise.all(clients.map((flags) => flags.isEnabled('new_feature', 'ada')))).toEqual(Array(8).fill(true))
    await fleet.clock.advance(120_000)
    expect([count.following, fleet.codes]).toEqual([3, []])
  })

  test('who leaves is followed by another with the next poll', async () => {
    const count = counting()
    const clients = Array.from({ length: 5 }, () => fleet.client({ store: count.store }))
    for (const flags of clients) await flags.ready()
    await fleet.clock.until((clients[0] as (typeof clients)[0]).close())
    expect(count.following).toBe(2)
    await fleet.clock.advance(10_000)
    expect(count.following).toBe(3)
  })

  test('who goes without a word loses its place within 30 s', async () => {
    const count = counting()
    const gone = ['one', 'two', 'three']
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    for (const holder of gone) await cache.takeListenerSlot?.(holder, 3, 30_000)
    const flags = fleet.client({ store: count.store })
    await flags.ready()
    expect([count.following, flags.stats().channels]).toEqual([0, 1])
    await fleet.clock.advance(40_000)
    expect([count.following, flags.stats().channels]).toEqual([1, 2])
  })

  test('who hears nothing from the store lets another have its place', async () => {
    const flags = fleet.client({ store: muffledStore(fleet.store, muffled()) })
    await flags.ready()
    await flags.admin.update('new_feature', { rollout: 10 })
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    expect(await cache.takeListenerSlot?.('other', 1, 30_000)).toBe(false)
    await fleet.clock.advance(41_000)
    expect(await cache.takeListenerSlot?.('other', 1, 30_000)).toBe(true)
  })

  test('everybody follows the store where the cache cannot be asked for a place', async () => {
    const count = counting()
    const broken = (): FlagCache => around(fleet.cache(), { takeListenerSlot: async () => Promise.reject(new Error('gone')) })
    const clients = Array.from({ length: 5 }, () => fleet.client({ store: count.store, cache: broken() }))
    for (const flags of clients) await flags.ready()
    expect(count.following).toBe(5)
  })

  test('who has no place does not follow the store because the cache went away', async () => {
    const count = counting()
    let gone = false
    const failing = (): FlagCache =>
      around(fleet.cache(), { takeListenerSlot: (next, ...args) => (gone ? Promise.reject(new Error('gone')) : next(...args)) })
    const clients = Array.from({ length: 5 }, () => fleet.client({ store: count.store, cache: failing() }))
    for (const flags of clients) await flags.ready()
    gone = true
    await fleet.clock.advance(60_000)
    expect(count.following).toBe(3)
  })

  test('everybody follows the store where the cache has no places', async () => {
    const count = counting()
    const placeless = (): FlagCache =>
      new Proxy(fleet.cache(), {
        get: (target, key) => {
          const value = key === 'takeListenerSlot' ? undefined : (Reflect.get(target, key) as unknown)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
    const clients = Array.from({ length: 5 }, () => fleet.client({ store: count.store, cache: placeless() }))
    for (const flags of clients) await flags.ready()
    expect(count.following).toBe(5)
  })
})

describe('an adapter that never says whether it subscribed', () => {
  test('keeps neither ready() nor close() waiting for ever', async () => {
    const never = around(fleet.store, { watch: () => new Promise(() => undefined) })
    const flags = fleet.client({ store: never })
    await fleet.clock.until(flags.ready())
    expect(fleet.codes).toEqual(['CHANNEL_DOWN'])
    await fleet.clock.until(flags.close())
  })

  test('is asked again with the next poll where it refused', async () => {
    const refusals = { store: 0, cache: 0 }
    const store = around(fleet.store, {
      watch: (next, listener) => (refusals.store++ < 1 ? Promise.reject(new Error('not now')) : next(listener)),
    })
    const cache = around(fleet.cache(), {
      subscribe: (next, listener) => (refusals.cache++ < 1 ? Promise.reject(new Error('not now')) : next?.(listener)) as never,
    })
    const flags = fleet.client({ store, cache })
    await flags.ready()
    expect(flags.stats().channels).toBe(0)
    await fleet.clock.advance(2_000)
    expect(flags.stats().channels).toBe(2)
  })
})
