import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener, FlagCache, FlagStore } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

/** A channel that connects, and passes only the hints that the test isPassing through. */
interface LossyChannel {
  readonly listeners: ChannelListener[]
  passes(name: string, version: number): boolean
}

function lossyChannel(passes: LossyChannel['passes'] = () => false): LossyChannel {
  return { listeners: [], passes }
}

async function subscribeLossy(
  channel: LossyChannel,
  subscribe: (listener: ChannelListener) => Promise<() => Promise<void>>,
  listener: ChannelListener,
) {
  channel.listeners.push(listener)
  return await subscribe({
    onHint: (hint) => channel.passes(hint.name, hint.version) && listener.onHint(hint),
    onResync: () => listener.onResync(),
    onDown: (cause) => listener.onDown(cause),
  })
}

function lossyStore(store: FlagStore, channel: LossyChannel): FlagStore {
  return around(store, { watch: (next, listener) => subscribeLossy(channel, next as never, listener as ChannelListener) as never })
}

function lossyCache(cache: FlagCache, channel: LossyChannel): FlagCache {
  return around(cache, { subscribe: (next, listener) => subscribeLossy(channel, next as never, listener as ChannelListener) as never })
}

describe('a channel that is up and has not sent the hint of a change a second after this process knew of it', () => {
  test('counts as down, and the report says what to do', async () => {
    const flags = fleet.client({ store: lossyStore(fleet.store, lossyChannel()) })
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

  test('makes the next poll come within 2 s where no other channel is alive', async () => {
    const flags = fleet.client({ store: lossyStore(fleet.store, lossyChannel()), cache: undefined as never })
    await flags.isEnabled('new_feature', 'ada')
    await flags.admin.update('new_feature', { rollout: 10 })
    await fleet.clock.advance(1_000)
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(2_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('counts as alive again after its next hint', async () => {
    let isPassing = false
    const flags = fleet.client({
      store: lossyStore(
        fleet.store,
        lossyChannel(() => isPassing),
      ),
    })
    await flags.isEnabled('new_feature', 'ada')
    await flags.admin.update('new_feature', { rollout: 10 })
    await fleet.clock.advance(1_000)
    expect(flags.stats().channels).toBe(1)
    isPassing = true
    await fleet.store.update('new_feature', { rollout: 20 })
    await settle()
    expect(flags.stats().channels).toBe(2)
    await fleet.clock.advance(1_000)
    expect(flags.stats().channels).toBe(2)
  })

  test('is noticed also where it is the cache’s', async () => {
    const flags = fleet.client({ cache: lossyCache(fleet.cache(), lossyChannel()) })
    await flags.isEnabled('new_feature', 'ada')
    await fleet.store.update('new_feature', { rollout: 10 })
    await fleet.clock.advance(1_000)
    expect([flags.stats().channels, fleet.codes]).toEqual([1, ['CHANNEL_DOWN']])
  })

  test('is not suspect where it sends a hint of a later version of the flag', async () => {
    const flags = fleet.client({
      store: lossyStore(
        fleet.store,
        lossyChannel((_, version) => version === 4),
      ),
    })
    await flags.isEnabled('new_feature', 'ada')
    for (const rollout of [10, 20, 30]) await flags.admin.update('new_feature', { rollout })
    await fleet.clock.advance(5_000)
    expect([flags.stats().channels, fleet.codes]).toEqual([2, []])
  })

  test('is not suspect for changes from before it came up', async () => {
    const channel = lossyChannel(() => true)
    const flags = fleet.client({ store: lossyStore(fleet.store, channel) })
    await flags.isEnabled('new_feature', 'ada')
    channel.listeners[0]?.onDown(new Error('cut'))
    channel.passes = () => false
    await fleet.store.update('new_feature', { rollout: 10 })
    channel.passes = () => true
    channel.listeners[0]?.onResync()
    await fleet.clock.advance(5_000)
    expect([flags.stats().channels, fleet.codes]).toEqual([2, ['CHANNEL_DOWN']])
  })

  test('is not suspect where more than 1,000 changes come at once', async () => {
    const names = Array.from({ length: 1_001 }, (_, index) => `bulk-${index}`)
    const flags = fleet.client({
      store: lossyStore(
        fleet.store,
        lossyChannel((name) => name === 'bulk-1000'),
      ),
    })
    await flags.isEnabled('new_feature', 'ada')
    await Promise.all(names.map((name) => fleet.store.create({ name })))
    await fleet.clock.advance(5_000)
    expect(flags.stats().channels).toBe(2)
  })
})

describe('in a fleet', () => {
  /** The store, and how many processes listen to it. */
  function countingListeners(): { readonly store: FlagStore; listening: number } {
    const count = { store: fleet.store, listening: 0 }
    count.store = around(fleet.store, {
      watch: async (next, listener) => {
        const end = await next(listener)
        count.listening++
        return async () => {
          count.listening--
          await end()
        }
      },
    })
    return count
  }

  test('three processes listen to the store, and the others hear of an edit in the store through the cache', async () => {
    const count = countingListeners()
    const clients = Array.from({ length: 8 }, () => fleet.client({ store: count.store }))
    for (const flags of clients) await flags.ready()
    expect(count.listening).toBe(3)
    expect(clients.map((flags) => flags.stats().channels).sort()).toEqual([1, 1, 1, 1, 1, 2, 2, 2])
    await Promise.all(clients.map((flags) => flags.isEnabled('new_feature', 'ada')))
    await fleet.store.update('new_feature', { rollout: 100 })
    await settle()
    expect(await Promise.all(clients.map((flags) => flags.isEnabled('new_feature', 'ada')))).toEqual(Array(8).fill(true))
    await fleet.clock.advance(120_000)
    expect([count.listening, fleet.codes]).toEqual([3, []])
  })

  test('a process that closes is replaced by another with the next poll', async () => {
    const count = countingListeners()
    const clients = Array.from({ length: 5 }, () => fleet.client({ store: count.store }))
    for (const flags of clients) await flags.ready()
    await fleet.clock.until((clients[0] as (typeof clients)[0]).close())
    expect(count.listening).toBe(2)
    await fleet.clock.advance(10_000)
    expect(count.listening).toBe(3)
  })

  test('a process that dies loses its listener slot within 30 s', async () => {
    const count = countingListeners()
    const deadHolders = ['one', 'two', 'three']
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    for (const holder of deadHolders) await cache.takeListenerSlot?.(holder, 3, 30_000)
    const flags = fleet.client({ store: count.store })
    await flags.ready()
    expect([count.listening, flags.stats().channels]).toEqual([0, 1])
    await fleet.clock.advance(40_000)
    expect([count.listening, flags.stats().channels]).toEqual([1, 2])
  })

  test('a process that hears nothing from the store gives up its listener slot', async () => {
    const flags = fleet.client({ store: lossyStore(fleet.store, lossyChannel()) })
    await flags.ready()
    await flags.admin.update('new_feature', { rollout: 10 })
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    expect(await cache.takeListenerSlot?.('other', 1, 30_000)).toBe(false)
    await fleet.clock.advance(41_000)
    expect(await cache.takeListenerSlot?.('other', 1, 30_000)).toBe(true)
  })

  test('every process listens to the store where the cache cannot be asked for a slot', async () => {
    const count = countingListeners()
    const broken = (): FlagCache => around(fleet.cache(), { takeListenerSlot: async () => Promise.reject(new Error('gone')) })
    const clients = Array.from({ length: 5 }, () => fleet.client({ store: count.store, cache: broken() }))
    for (const flags of clients) await flags.ready()
    expect(count.listening).toBe(5)
  })

  test('a process without a slot does not start to listen when the cache fails', async () => {
    const count = countingListeners()
    let gone = false
    const failing = (): FlagCache =>
      around(fleet.cache(), { takeListenerSlot: (next, ...args) => (gone ? Promise.reject(new Error('gone')) : next(...args)) })
    const clients = Array.from({ length: 5 }, () => fleet.client({ store: count.store, cache: failing() }))
    for (const flags of clients) await flags.ready()
    gone = true
    await fleet.clock.advance(60_000)
    expect(count.listening).toBe(3)
  })

  test('every process listens to the store where the cache has no slots', async () => {
    const count = countingListeners()
    const withoutSlots = (): FlagCache =>
      new Proxy(fleet.cache(), {
        get: (target, key) => {
          const value = key === 'takeListenerSlot' ? undefined : (Reflect.get(target, key) as unknown)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
    const clients = Array.from({ length: 5 }, () => fleet.client({ store: count.store, cache: withoutSlots() }))
    for (const flags of clients) await flags.ready()
    expect(count.listening).toBe(5)
  })
})

describe('an adapter that never says whether it subscribed', () => {
  test('does not make ready() or close() wait for ever', async () => {
    const never = around(fleet.store, { watch: () => new Promise(() => undefined) })
    const flags = fleet.client({ store: never })
    await fleet.clock.until(flags.ready())
    expect(fleet.codes).toEqual(['CHANNEL_DOWN'])
    await fleet.clock.until(flags.close())
  })

  test('is asked again by the next poll where it refused', async () => {
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
