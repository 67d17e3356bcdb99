import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FlagsError } from '../../src/index.ts'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

async function fenceVersion(): Promise<number | undefined> {
  const cache = fleet.cache()
  await cache.open((await fleet.store.head()).storeId)
  return (await cache.read([{ name: 'new_feature' }]))[0]?.fenceVersion
}

describe('an update', () => {
  test('commits, then raises the fence, and only that publishes', async () => {
    const order: string[] = []
    const store = around(fleet.store, {
      async update(next, ...args) {
        const change = await next(...args)
        order.push('committed')
        return change
      },
    })
    const cache = around(fleet.cache(), {
      async invalidate(next, ...args) {
        const result = await next(...args)
        order.push(result)
        return result
      },
    })
    const hints: number[] = []
    const listening = fleet.cache()
    await listening.open((await fleet.store.head()).storeId)
    await listening.subscribe?.({ onHint: ({ version }) => hints.push(version), onResync: () => undefined, onDown: () => undefined })
    // Every process raises the fences of the changes in the log; none of them may publish again.
    const others = [fleet.client(), fleet.client()]
    await Promise.all(others.map((client) => client.ready()))
    await fleet.client({ store, cache }).admin.update('new_feature', { rollout: 100 })
    expect(order.slice(0, 2)).toEqual(['committed', 'raised'])
    await settle()
    expect(order.slice(2).every((result) => result === 'already')).toBe(true)
    expect(hints).toEqual([2])
  })

  test('resolves with the flag, its version and its propagation', async () => {
    const written = await fleet.client().admin.update('new_feature', { rollout: 33.333, owner: 'team-a' })
    expect(written).toEqual({
      flag: expect.objectContaining({ name: 'new_feature', rollout: 33.333, owner: 'team-a', version: 2 }),
      version: 2,
      propagation: 'ok',
    })
  })

  test('is answered at once by the process that made it, and by the others as soon as they hear of it', async () => {
    const [writer, other] = [fleet.client(), fleet.client()]
    for (const client of [writer, other]) expect(await client.isEnabled('new_feature', 'ada')).toBe(false)
    await writer.admin.update('new_feature', { rollout: 100 })
    expect(await writer.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, source: 'memory' })
    await settle()
    expect(await other.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, source: 'memory', version: 2 })
  })

  test('that does not reach the cache does not fail: it is deferred, and retried until it does', async () => {
    let down = true
    const cache = around(fleet.cache(), {
      invalidate: (next, ...args) => (down ? Promise.reject(new Error('connection refused')) : next(...args)),
    })
    const flags = fleet.deaf({ cache })
    await flags.isEnabled('new_feature', 'ada')
    expect((await flags.admin.update('new_feature', { rollout: 100 })).propagation).toBe('deferred')
    expect((await flags.admin.update('new_feature', { rollout: 50 })).version).toBe(3)
    expect(fleet.codes).toContain('CACHE_UNAVAILABLE')
    down = false
    await fleet.clock.advance(3_000)
    expect(await fenceVersion()).toBe(3)
  })

  test('is answered by the process that made it even before it reaches the cache', async () => {
    const held = gate()
    const cache = around(fleet.cache(), { invalidate: (next, ...args) => held.opened.then(() => next(...args)) })
    const flags = fleet.deaf({ cache })
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    const update = flags.admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
    held.open()
    expect((await update).propagation).toBe('ok')
  })

  test('that does not reach the cache is retried with the latest version, also where the log cannot be read', async () => {
    let down = true
    const held = gate()
    const refused = new Error('connection refused')
    const cache = around(fleet.cache(), {
      async invalidate(next, name, version) {
        if (version === 2) await held.opened
        if (down) throw refused
        return await next(name, version)
      },
    })
    const store = around(fleet.store, { changesSince: () => Promise.reject(refused) })
    const flags = fleet.deaf({ store, cache })
    await flags.ready()
    const first = flags.admin.update('new_feature', { rollout: 100 })
    await settle()
    expect((await flags.admin.update('new_feature', { rollout: 50 })).propagation).toBe('deferred')
    // The first one fails last, and must not take the second one's place.
    held.open()
    expect((await first).propagation).toBe('deferred')
    down = false
    await fleet.clock.advance(3_000)
    expect(await fenceVersion()).toBe(3)
  })

  test('whose writer died after the commit is invalidated by every process that reads the log', async () => {
    const reader = fleet.client()
    await reader.isEnabled('new_feature', 'ada')
    await settle()
    // A commit without an invalidation.
    await fleet.store.update('new_feature', { rollout: 100 })
    await settle()
    expect(await fleet.deaf().isEnabled('new_feature', 'ada')).toBe(true)
    expect(await fenceVersion()).toBe(2)
  })

  test('with the expected version is refused where the flag has another, naming both', async () => {
    const flags = fleet.client()
    await flags.admin.update('new_feature', { rollout: 10 }, { expectedVersion: 1 })
    const refused = await flags.admin.update('new_feature', { rollout: 20 }, { expectedVersion: 1 }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(FlagsError)
    expect(refused).toMatchObject({ code: 'VERSION_CONFLICT', flag: 'new_feature', versions: { expected: 1, actual: 2 } })
    await expect(flags.admin.delete('new_feature', { expectedVersion: 1 })).rejects.toMatchObject({ code: 'VERSION_CONFLICT' })
    expect(await flags.admin.get('new_feature')).toMatchObject({ rollout: 10, version: 2 })
  })

  test('keeps actor and reason', async () => {
    const flags = fleet.client()
    await flags.admin.update('new_feature', { rollout: 10 }, { actor: 'ada', reason: 'slow start' })
    expect(await flags.admin.history('new_feature', { limit: 1 })).toEqual([
      expect.objectContaining({
        operation: 'update',
        actor: 'ada',
        reason: 'slow start',
        before: expect.objectContaining({ rollout: 0 }),
        after: expect.objectContaining({ rollout: 10 }),
      }),
    ])
  })

  test('that the store does not confirm rejects, and is found in the log if it was committed', async () => {
    const held = gate()
    const store = around(fleet.store, {
      async update(next, ...args) {
        await held.opened
        await next(...args)
        return await new Promise(() => undefined)
      },
    })
    const flags = fleet.client({ store: around(store, { watch: async () => async () => undefined }), cache: undefined as never })
    await flags.isEnabled('new_feature', 'ada')
    const update = flags.admin.update('new_feature', { rollout: 100 }).catch((error: unknown) => error)
    await fleet.clock.advance(9_999)
    held.open()
    await settle()
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(false)
    await fleet.clock.advance(1)
    expect(await update).toMatchObject({ code: 'STORE_TIMEOUT', message: expect.stringContaining('may be committed all the same') })
    await settle()
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })
})

describe('minVersion', () => {
  test('keeps a process that got no hint from answering older', async () => {
    const [writer, other] = [fleet.client(), fleet.deaf()]
    expect(await other.isEnabled('new_feature', 'ada')).toBe(false)
    const { version } = await writer.admin.update('new_feature', { rollout: 100 })
    expect(await other.isEnabled('new_feature', 'ada')).toBe(false)
    expect(await other.isEnabled('new_feature', 'ada', { minVersion: version })).toBe(true)
    expect(await other.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('above the clock is the default, with VERSION_NOT_REACHED, and never a query per call', async () => {
    const store = around(fleet.store)
    const flags = fleet.deaf({ store })
    await flags.ready()
    const before = store.calls['changesSince'] ?? 0
    const asked = Array.from({ length: 1_000 }, () => flags.evaluate('new_feature', 'ada', { minVersion: 99, default: true }))
    await fleet.clock.advance(0)
    const answers = await Promise.all(asked)
    expect(answers[0]).toMatchObject({ enabled: true, reason: 'ERROR', errorCode: 'VERSION_NOT_REACHED', source: 'default' })
    const later = flags.evaluate('new_feature', 'ada', { minVersion: 99 })
    await fleet.clock.advance(50)
    expect((await later).errorCode).toBe('VERSION_NOT_REACHED')
    expect((store.calls['changesSince'] ?? 0) - before).toBeLessThanOrEqual(3)
    expect(store.calls['load']).toBe(undefined)
  })

  test('is answered as soon as any catch-up reaches it', async () => {
    const flags = fleet.client()
    await flags.isEnabled('new_feature', 'ada')
    await fleet.clock.until(flags.isEnabled('new_feature', 'ada', { minVersion: 99 }))
    const asked = flags.isEnabled('new_feature', 'ada', { minVersion: 2 })
    await settle()
    await fleet.store.update('new_feature', { rollout: 100 })
    await settle()
    const late = Symbol('late')
    expect(await Promise.race([asked, settle().then(() => late)])).toBe(true)
  })

  test('that the store cannot confirm is not answered by an older value', async () => {
    let down = false
    const store = around(fleet.store, {
      changesSince: (next, ...args) => (down ? Promise.reject(new Error('connection refused')) : next(...args)),
    })
    const flags = fleet.deaf({ store })
    await flags.isEnabled('new_feature', 'ada')
    down = true
    expect((await flags.evaluate('new_feature', 'ada', { minVersion: 2 })).errorCode).toBe('VERSION_NOT_REACHED')
    for (const minVersion of [Number.NaN, -1]) {
      expect((await flags.evaluate('new_feature', 'ada', { minVersion })).errorCode).toBe('INVALID_OPTIONS')
    }
    expect((await flags.evaluate('new_feature', 'ada', { minVersion: 1 })).errorCode).toBe(undefined)
  })
})

describe('administration', () => {
  test('creates with defaults, gets, lists by name, deletes', async () => {
    const { admin } = fleet.client()
    const { flag } = await admin.create({ name: 'b_flag' })
    expect(flag).toMatchObject({ name: 'b_flag', enabled: true, rollout: 0, schema: 1, hashVersion: 1, version: 2 })
    await admin.create({ name: 'a_flag', rollout: 100, tags: ['x'], expiresAt: '2027-01-01T00:00:00+01:00' })
    expect((await admin.list()).map((each) => each.name)).toEqual(['a_flag', 'b_flag', 'new_feature'])
    expect(await admin.get('a_flag')).toMatchObject({ tags: ['x'], expiresAt: '2026-12-31T23:00:00.000Z' })
    expect(await admin.delete('a_flag')).toEqual({ version: 4, propagation: 'ok' })
    expect(await admin.get('a_flag')).toBeNull()
  })

  test('prunes the log, and processes that were behind read flags again', async () => {
    const behind = fleet.deaf()
    await behind.isEnabled('new_feature', 'ada')
    const { admin } = fleet.client()
    for (const rollout of [10, 20, 100]) await admin.update('new_feature', { rollout })
    await fleet.clock.advance(1)
    expect(await admin.prune(0)).toBe(3)
    expect((await admin.history('new_feature')).map((change) => change.version)).toEqual([4])
    await fleet.clock.advance(2_000)
    expect(await behind.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('prunes the log, and processes that were behind do not trust older cache entries', async () => {
    const behind = fleet.deaf({ memory: false })
    expect(await behind.isEnabled('new_feature', 'ada')).toBe(false)
    await settle()
    for (const rollout of [10, 20, 100]) await fleet.store.update('new_feature', { rollout })
    await fleet.clock.advance(1)
    await fleet.store.prune(0)
    await fleet.clock.advance(2_000)
    expect(await behind.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 4 })
  })

  test('refuses an invalid page or number of days', async () => {
    const { admin } = fleet.client()
    for (const limit of [0, 1.5, 1_001])
      await expect(admin.history('new_feature', { limit })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    for (const days of [-1, Number.NaN, 40_000, '1' as never])
      await expect(admin.prune(days)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })

  test('rejects with a FlagsError and its cause where the store fails', async () => {
    const refused = () => Promise.reject(new Error('connection refused'))
    const store = around(fleet.store, { loadAll: refused, load: refused, create: refused, history: refused })
    const { admin } = fleet.client({ store })
    const calls = [admin.list(), admin.get('new_feature'), admin.create({ name: 'x' }), admin.history('new_feature')]
    for (const call of await Promise.allSettled(calls)) {
      expect(call.status === 'rejected' && call.reason).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        cause: expect.objectContaining({ message: 'connection refused' }),
      })
    }
  })

  test('leaves a record that cannot be read out of the list, and reports it; get rejects with the error', async () => {
    const corrupt = new FlagsError('PARSE_ERROR', 'stored wrongly', { flag: 'new_feature' })
    const store = around(fleet.store, {
      loadAll: async (next, ...args) => ({ ...(await next(...args)), flags: new Map([['new_feature', corrupt]]) }),
      load: async (next, ...args) => ({ ...(await next(...args)), flags: new Map([['new_feature', corrupt]]) }),
    })
    const { admin } = fleet.client({ store })
    expect(await admin.list()).toEqual([])
    expect(fleet.codes).toEqual(['PARSE_ERROR'])
    await expect(admin.get('new_feature')).rejects.toBe(corrupt)
  })
})
