import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defineFlags, FlagsError } from '../../src/index.ts'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

/** Adapters that can be broken: `'down'` rejects, `'hung'` never answers. */
function breakable() {
  const state: { store: 'up' | 'down' | 'hung'; cache: 'up' | 'down' | 'hung' } = { store: 'up', cache: 'up' }
  const never = gate().opened
  const breaking = <T extends object>(backend: 'store' | 'cache', adapter: T): T =>
    new Proxy(adapter, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        const own: (...args: unknown[]) => unknown = value.bind(target)
        if (key === 'watch' || key === 'subscribe' || key === 'close') return own
        return (...args: unknown[]) => {
          if (state[backend] === 'hung') return never
          return state[backend] === 'down' ? Promise.reject(new Error('connection refused')) : own(...args)
        }
      },
    })
  return { state, store: breaking('store', fleet.store), cache: breaking('cache', fleet.cache()) }
}

describe('evaluation never rejects because of infrastructure', () => {
  test.each(['down', 'hung'] as const)('with the store %s from the start, the answer is the default, marked', async (how) => {
    const { state, store } = breakable()
    state.store = how
    const flags = fleet.client({ store })
    const answer = await fleet.clock.until(flags.evaluate('new_feature', 'ada', { default: true }))
    const errorCode = how === 'down' ? 'STORE_UNAVAILABLE' : 'STORE_TIMEOUT'
    expect(answer).toMatchObject({ enabled: true, reason: 'ERROR', source: 'default' })
    expect(['STORE_UNAVAILABLE', 'STORE_TIMEOUT']).toContain(answer.errorCode)
    expect(fleet.codes).toContain(errorCode)
    expect(await fleet.clock.until(flags.isEnabled('new_feature', 'ada'))).toBe(false)
  })

  test.each(['down', 'hung'] as const)('with the cache %s, the store answers', async (how) => {
    const { state, store, cache } = breakable()
    state.cache = how
    const flags = fleet.client({ store, cache })
    expect(await fleet.clock.until(flags.evaluate('new_feature', 'ada'))).toMatchObject({ enabled: true, source: 'store' })
    expect(fleet.codes).toContain(how === 'down' ? 'CACHE_UNAVAILABLE' : 'CACHE_TIMEOUT')
  })

  test('with the cache hung, only the first call waits for it', async () => {
    const { state, store, cache } = breakable()
    await fleet.store.create({ name: 'other', rollout: 100 })
    const flags = fleet.client({ store, cache })
    await flags.ready()
    state.cache = 'hung'
    expect(await fleet.clock.until(flags.isEnabled('new_feature', 'ada'))).toBe(true)
    expect(await flags.isEnabled('other', 'ada')).toBe(true)
  })

  test('with both down, the last known good answers, marked STALE, for an hour', async () => {
    const { state, store, cache } = breakable()
    const flags = fleet.client({ store, cache })
    await flags.isEnabled('new_feature', 'ada')
    state.store = 'down'
    state.cache = 'down'
    await fleet.clock.advance(31_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', source: 'memory' })
    await fleet.clock.advance(3_600_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, reason: 'ERROR', source: 'default' })
  })

  test('with both down, "does not exist" is marked STALE as well', async () => {
    const { state, store, cache } = breakable()
    const flags = fleet.client({ store, cache })
    expect(await flags.evaluate('missing', 'ada')).toMatchObject({ reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' })
    state.store = 'down'
    state.cache = 'down'
    await fleet.clock.advance(31_000)
    expect(await flags.evaluate('missing', 'ada')).toMatchObject({ reason: 'STALE', errorCode: 'FLAG_NOT_FOUND', source: 'memory' })
  })

  test('with the store down and the lease run out, the cache is read at most every 2 s, and answers are STALE', async () => {
    const { state, store, cache } = breakable()
    const counted = around(cache)
    const flags = fleet.client({ store, cache: counted })
    await flags.isEnabled('new_feature', 'ada')
    state.store = 'down'
    await fleet.clock.advance(31_000)
    const before = counted.calls['read'] ?? 0
    for (let call = 0; call < 5; call++) {
      expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ enabled: true, reason: 'STALE' })
    }
    expect((counted.calls['read'] ?? 0) - before).toBe(1)
    await fleet.clock.advance(2_000)
    await flags.evaluate('new_feature', 'bob')
    expect((counted.calls['read'] ?? 0) - before).toBe(2)
  })

  test('with the store down, entries from before this process started are answered as STALE', async () => {
    await fleet.client().isEnabled('new_feature', 'ada')
    await fleet.store.create({ name: 'other' })
    await settle()
    const { state, store, cache } = breakable()
    const flags = fleet.client({ store, cache })
    await flags.ready()
    state.store = 'down'
    expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ enabled: true, reason: 'STALE', source: 'cache' })
  })

  test('with the store down, no entry is answered that is older than a known change', async () => {
    const { state, store, cache } = breakable()
    const flags = fleet.deaf({ store, cache, memory: false })
    const old = await flags.admin.get('new_feature')
    await flags.admin.update('new_feature', { rollout: 100 })
    await cache.purge()
    const [read] = await cache.read([{ name: 'new_feature' }])
    await cache.fill([{ name: 'new_feature', token: read?.token ?? '', flag: { asOf: 1, value: old, ttlMs: 60_000 } }])
    state.store = 'down'
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'default', errorCode: 'STORE_UNAVAILABLE' })
  })

  test('with both down, no last known good is answered that is older than what was answered', async () => {
    const { state, store, cache } = breakable()
    const flags = fleet.deaf({ store, cache })
    await flags.isEnabled('new_feature', 'ada')
    state.store = 'down'
    // Another process updates, and shares a decision without the flag.
    const other = fleet.client({ ttl: { flagMs: 0, checkMs: 60_000 }, memory: false })
    await other.admin.update('new_feature', { rollout: 0 })
    await other.isEnabled('new_feature', 'ada')
    await fleet.clock.advance(31_000)
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    expect(flags.stats().decision.hits).toBe(1)
    state.cache = 'down'
    await fleet.clock.advance(3_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, source: 'default', errorCode: 'STORE_UNAVAILABLE' })
  })

  test('a process that never reached the store answers from the cache, marked STALE', async () => {
    await fleet.client().evaluate('new_feature', 'ada')
    await settle()
    const { state, store, cache } = breakable()
    state.store = 'down'
    const flags = fleet.client({ store, cache })
    expect(await flags.evaluate('new_feature', 'bob')).toMatchObject({ enabled: true, reason: 'STALE', source: 'cache' })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE' })
  })

  test('when both are back, the store answers and the cache is filled', async () => {
    const { state, store, cache } = breakable()
    state.store = 'down'
    state.cache = 'down'
    const flags = fleet.client({ store, cache })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    state.store = 'up'
    state.cache = 'up'
    await fleet.clock.advance(2_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, source: 'store' })
    await settle()
    expect((await fleet.client().evaluate('new_feature', 'bob')).source).toBe('cache')
  })

  test('the same error is reported at most every 10 s', async () => {
    const { state, store } = breakable()
    const flags = fleet.client({ store, memory: false, cache: undefined as never })
    await flags.ready()
    state.store = 'down'
    for (let call = 0; call < 5; call++) await flags.isEnabled('new_feature', 'ada')
    expect(fleet.codes).toEqual(['STORE_UNAVAILABLE'])
    await fleet.clock.advance(10_000)
    await flags.isEnabled('new_feature', 'ada')
    expect(fleet.codes).toEqual(['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE'])
    expect(fleet.errors[0]).toBeInstanceOf(FlagsError)
    expect(fleet.errors[0]?.cause).toMatchObject({ message: 'connection refused' })
  })
})

test('an answer that waits in the socket while the event loop stalls is not late', async () => {
  const held = gate()
  // The event loop stalls past the deadline; when it wakes, the answer waits in the socket and the timer is due as well.
  const stalled = {
    now: () => fleet.clock.now(),
    monotonic: () => fleet.clock.monotonic(),
    after: (ms: number, callback: () => void) =>
      fleet.clock.after(ms, () => {
        setImmediate(held.open)
        callback()
      }),
  }
  const store = around(fleet.store, {
    async load(next, ...args) {
      await held.opened
      return await next(...args)
    },
  })
  const flags = fleet.client({ store, clock: stalled, background: false, cache: undefined as never })
  await flags.ready()
  const answer = flags.evaluate('new_feature', 'ada')
  await fleet.clock.advance(1_000)
  expect(await answer).toMatchObject({ enabled: true, source: 'store' })
})

describe('a flag with onUnavailable: throw', () => {
  const schema = defineFlags({ new_feature: { default: false, onUnavailable: 'throw' }, other: { default: true } })

  test('rejects where no layer can answer, while others give their default', async () => {
    const { state, store } = breakable()
    state.store = 'down'
    const flags = fleet.client({ store, schema })
    await expect(flags.isEnabled('new_feature', 'ada')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(flags.evaluate('new_feature', 'ada')).rejects.toBeInstanceOf(FlagsError)
    expect(await flags.isEnabled('other', 'ada')).toBe(true)
  })

  test('answers where a layer has it, or knows that it is absent', async () => {
    const flags = fleet.client({ schema })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    await flags.admin.delete('new_feature')
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
  })
})

describe('a record that cannot be used', () => {
  const corrupt = new FlagsError('PARSE_ERROR', 'Flag new_feature is stored wrongly.', { flag: 'new_feature' })

  function storeWithCorruptRecord(when: () => boolean) {
    return around(fleet.store, {
      async load(next, ...args) {
        const loaded = await next(...args)
        return when() ? { ...loaded, flags: new Map([...loaded.flags.keys()].map((name) => [name, corrupt])) } : loaded
      },
      async changesSince(next, ...args) {
        const changes = await next(...args)
        if (!when() || changes.kind === 'lost') return changes
        return { ...changes, changed: changes.changed.map((change) => ({ ...change, flag: corrupt })) }
      },
    })
  }

  test('gives the default without a last known good, is reported once, and is read at most every 2 s', async () => {
    const store = storeWithCorruptRecord(() => true)
    const flags = fleet.client({ store })
    for (let call = 0; call < 3; call++) {
      expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR', source: 'default' })
    }
    expect([store.calls['load'], fleet.codes]).toEqual([1, ['PARSE_ERROR']])
    await fleet.clock.advance(2_000)
    await flags.evaluate('new_feature', 'ada')
    expect(store.calls['load']).toBe(2)
  })

  test('leaves the last known good in place, marked STALE, until it can be used', async () => {
    let broken = false
    const flags = fleet.client({ store: storeWithCorruptRecord(() => broken) })
    await flags.isEnabled('new_feature', 'ada')
    broken = true
    await fleet.store.update('new_feature', { rollout: 0 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', version: 1 })
    broken = false
    await fleet.store.update('new_feature', { rollout: 0 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, reason: 'STATIC', version: 3 })
  })
})

test('a cache that leaves out a name counts as not having it', async () => {
  const flags = fleet.client({ cache: around(fleet.cache(), { read: async () => [] }) })
  expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, source: 'store' })
})

test('a store that leaves out a name gives an error, not an endless wait', async () => {
  const store = around(fleet.store, { load: async (next, ...args) => ({ ...(await next(...args)), flags: new Map() }) })
  const flags = fleet.client({ store })
  expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'default', errorCode: 'GENERAL' })
  await settle()
  expect(fleet.errors.map((error) => error.message)).toContain('Flag new_feature is missing from what the store loaded.')
})
