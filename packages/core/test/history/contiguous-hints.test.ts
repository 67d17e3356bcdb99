import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener, FlagCache, FlagRecord, Hint } from '../../src/index.ts'
import { around, Fleet, gate, unwatched } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
let cache: FlagCache
beforeEach(async () => {
  fleet = new Fleet()
  for (const name of ['new_feature', 'other']) await fleet.store.create({ name, rollout: 0 })
  cache = fleet.cache()
  await cache.open((await fleet.store.head()).storeId)
})
afterEach(() => fleet.end())

/** A process that hears through the cache only; the test may lose its hints by name and delay its log. Counts its catch-ups and cache reads. */
async function cacheListener(names: readonly string[] = ['new_feature', 'other']) {
  const lost = { names: new Set<string>() }
  const log = { opened: Promise.resolve() }
  const store = around(unwatched(fleet.store), { changesSince: (next, ...args) => log.opened.then(() => next(...args)) })
  const lossyCache = around(fleet.cache(), {
    subscribe: (next, channel: ChannelListener) =>
      next({
        onHint: (hint) => {
          if (!lost.names.has(hint.name)) channel.onHint(hint)
        },
        onResync: () => channel.onResync(),
        onDown: (cause) => channel.onDown(cause),
      }),
  })
  const flags = fleet.client({ store, cache: lossyCache })
  await flags.ready()
  for (const name of names) await flags.isEnabled(name, 'ada')
  await settle()
  return { flags, lost, log, catchUps: () => store.calls['changesSince'] ?? 0, reads: () => lossyCache.calls['read'] ?? 0 }
}

const recordOf = async (name: string): Promise<FlagRecord> => (await fleet.store.load([name])).flags.get(name) as FlagRecord

/** Puts a record into the cache as `version`, which the store never committed, and publishes its hint. */
async function forge(version: number): Promise<void> {
  const record = (await fleet.store.load(['new_feature'])).flags.get('new_feature') as FlagRecord
  const [read] = await cache.read([{ name: 'new_feature' }])
  await cache.invalidate('new_feature', version, { token: read?.token ?? '', value: { ...record, rollout: 100, version }, ttlMs: 60_000 })
}

describe('the record in a contiguous hint', () => {
  const pattern = [{ when: [{ attribute: 'targetingKey', operator: 'matches', value: '^a' } as const] }]

  test('goes into a memory that holds the flag, so that nothing is read', async () => {
    const { flags, catchUps, reads } = await cacheListener()
    const writer = fleet.client()
    const before = [catchUps(), reads()]
    const versions: number[] = []
    flags.on(
      'change',
      ({ version }) => void flags.evaluate('new_feature', 'ada').then((answer) => versions.push(version, answer.version ?? 0)),
    )
    await writer.admin.update('new_feature', { rollout: 100 })
    await writer.admin.update('new_feature', { rollout: 50 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'memory', version: 4, asOf: 4, rollout: 50 })
    await writer.admin.delete('new_feature')
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'memory', errorCode: 'FLAG_NOT_FOUND' })
    expect([versions, [catchUps(), reads()]]).toEqual([[3, 3, 4, 4, 5, 0], before])
  })

  test('is not taken where memory does not hold the flag', async () => {
    const { flags, reads } = await cacheListener(['other'])
    const before = reads()
    await fleet.client().admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'cache', version: 3 })
    expect(reads() - before).toBe(1)
  })

  test('is not taken where it needs a library that is not loaded yet', async () => {
    const { flags } = await cacheListener()
    await fleet.client().admin.update('new_feature', { rules: pattern })
    await settle()
    const answers = [await flags.evaluate('new_feature', 'ada'), await flags.evaluate('new_feature', 'ada')]
    expect(answers).toMatchObject([
      { enabled: true, source: 'cache' },
      { enabled: true, source: 'memory' },
    ])
  })

  test('is not taken where a hint before it is missing: then the log is read first', async () => {
    const { flags, lost, log } = await cacheListener()
    const writer = fleet.client()
    const held = gate()
    lost.names.add('other')
    await writer.admin.update('other', { rollout: 100 })
    log.opened = held.opened
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    let answered = false
    const answer = flags.evaluate('new_feature', 'ada').finally(() => {
      answered = true
    })
    await settle()
    expect(answered).toBe(false)
    held.open()
    expect(await answer).toMatchObject({ enabled: true, version: 4 })
  })

  test('is not taken where it is older than what memory holds', async () => {
    const { flags } = await cacheListener()
    const writer = fleet.client()
    const old = (await fleet.store.load(['new_feature'])).flags.get('new_feature') as FlagRecord
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    const late = fleet.cache()
    await late.open((await fleet.store.head()).storeId)
    await late.forget(['new_feature'])
    const [read] = await late.read([{ name: 'new_feature' }])
    await late.invalidate('new_feature', 2, { token: read?.token ?? '', value: old, ttlMs: 60_000 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, source: 'memory', version: 3 })
  })
})

describe('a cache entry up to contiguous hints', () => {
  test('is answered before the log is read, for every flag', async () => {
    const { flags, catchUps } = await cacheListener([])
    const writer = fleet.client()
    const before = catchUps()
    await writer.admin.update('new_feature', { rollout: 100 })
    await writer.admin.update('other', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, asOf: 3, source: 'cache', reason: 'STATIC' })
    expect(await flags.evaluate('other', 'ada')).toMatchObject({ enabled: true, asOf: 4, reason: 'STATIC' })
    expect([catchUps() - before, flags.stats().clock]).toEqual([0, 2])
  })

  test('is answered only after the log was read, where a hint is missing', async () => {
    const { flags, lost, catchUps } = await cacheListener()
    const writer = fleet.client()
    lost.names.add('other')
    const before = catchUps()
    await writer.admin.update('other', { rollout: 100 })
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(catchUps() - before).toBe(1)
    expect(await flags.isEnabled('other', 'ada')).toBe(true)
    expect(flags.stats().clock).toBe(4)
  })

  test('does not satisfy `minVersion`: the store is asked', async () => {
    const { flags, catchUps } = await cacheListener()
    const { version } = await fleet.client().admin.update('new_feature', { rollout: 100 })
    await settle()
    const before = catchUps()
    expect(await flags.isEnabled('new_feature', 'ada', { minVersion: version })).toBe(true)
    expect(catchUps() - before).toBe(1)
  })

  test('that was never committed is refuted by the next poll, and what rests on it is removed', async () => {
    const { flags } = await cacheListener()
    await forge(3)
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
    await fleet.clock.advance(10_000)
    expect(fleet.codes).toEqual(['PARSE_ERROR'])
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1, reason: 'STATIC' })
    // After that the store is asked again before anything beyond its clock counts.
    await forge(4)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(10_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
  })
})

/** A process to which the test can send any hint. */
async function hintable() {
  let channel: ChannelListener | undefined
  const cache: FlagCache = around(fleet.cache(), {
    subscribe: (next, listener: ChannelListener) => {
      channel = listener
      return next(listener)
    },
  })
  const flags = fleet.client({ store: unwatched(fleet.store), cache })
  await flags.ready()
  for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
  await settle()
  return { flags, sendHint: (hint: Hint) => channel?.onHint(hint) }
}

describe('a forged hint', () => {
  test('of a version that the log has already passed has no lasting effect on memory', async () => {
    const { flags, sendHint } = await hintable()
    await fleet.store.update('other', { rollout: 100 })
    await fleet.clock.advance(10_000)
    expect(flags.stats().clock).toBe(3)
    sendHint({ name: 'new_feature', version: 3, flag: { ...(await recordOf('new_feature')), rollout: 100, version: 3 } })
    await fleet.clock.advance(600_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })

  test('does not bring a record of another version than its own', async () => {
    const { flags, sendHint } = await hintable()
    sendHint({ name: 'new_feature', version: 3, flag: { ...(await recordOf('new_feature')), rollout: 100, version: 99 } })
    const answer = await flags.evaluate('new_feature', 'ada')
    expect(answer.version).toBeLessThanOrEqual(3)
  })

  test('is refuted also where another flag got that version', async () => {
    const flags = fleet.client({ store: unwatched(fleet.store) })
    await flags.ready()
    for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
    await settle()
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    const [read] = await cache.read([{ name: 'new_feature' }])
    const record = { ...(await recordOf('new_feature')), rollout: 100, version: 3 }
    await cache.invalidate('new_feature', 3, { token: read?.token ?? '', value: record, ttlMs: 60_000 })
    await settle()
    await fleet.store.update('other', { rollout: 100 })
    await fleet.clock.advance(600_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })

  test('that comes while the log is read is refuted within a second all the same', async () => {
    const { flags, log } = await cacheListener()
    const go = gate()
    log.opened = go.opened
    await fleet.clock.advance(10_000)
    await forge(3)
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
    go.open()
    await settle()
    await fleet.clock.advance(1_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })

  test('leads to a forged entry that is read, which the next poll refutes', async () => {
    const flags = fleet.client({ store: unwatched(fleet.store) })
    await flags.ready()
    await flags.isEnabled('other', 'ada')
    await settle()
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    const [read] = await cache.read([{ name: 'new_feature' }])
    const record = { ...(await recordOf('new_feature')), rollout: 100, version: 3 }
    await cache.invalidate('new_feature', 3, { token: read?.token ?? '', value: record, ttlMs: 60_000 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, source: 'cache' })
    await fleet.clock.advance(10_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })
})

describe('a snapshot', () => {
  test('is not older than an answer, where a hint came during a catch-up', async () => {
    let held = gate()
    held.open()
    const store = around(unwatched(fleet.store), {
      changesSince: async (next, ...args) => {
        const result = await next(...args)
        await held.opened
        return result
      },
    })
    const flags = fleet.client({ store })
    await flags.ready()
    for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
    expect((await flags.snapshot()).evaluate('new_feature', 'ada').version).toBe(1)
    held = gate()
    // Starts a catch-up, which is under way when the hint comes, as a poll may be.
    void flags.isEnabled('other', 'ada', { minVersion: 3 })
    await settle()
    await fleet.deaf().admin.update('new_feature', { rollout: 100 })
    await settle()
    held.open()
    await settle()
    expect(await fleet.clock.until(flags.evaluate('new_feature', 'ada'))).toMatchObject({ version: 3 })
    expect((await fleet.clock.until(flags.snapshot())).evaluate('new_feature', 'ada').version).toBe(3)
  })
})
