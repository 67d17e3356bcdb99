import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener, FlagCache, FlagRecord, Hint } from '../../src/index.ts'
import { around, Fleet, gate, unwatched } from '../fleet.ts'
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

/** A process that hears by a cache whose hints the test may hold back, and a count of its catch-ups. */
async function listener(names: readonly string[] = ['new_feature', 'other']) {
  const lost = { names: new Set<string>() }
  const log = { opened: Promise.resolve() }
  const store = around(unwatched(fleet.store), { changesSince: (next, ...args) => log.opened.then(() => next(...args)) })
  const muffled = around(fleet.cache(), {
    subscribe: (next, heard: ChannelListener) =>
      next({
        onHint: (hint) => {
          if (!lost.names.has(hint.name)) heard.onHint(hint)
        },
        onResync: () => heard.onResync(),
        onDown: (cause) => heard.onDown(cause),
      }),
  })
  const flags = fleet.client({ store, cache: muffled })
  await flags.ready()
  for (const name of names) await flags.isEnabled(name, 'ada')
  await settle()
  return { flags, lost, log, catchUps: () => store.calls['changesSince'] ?? 0, reads: () => muffled.calls['read'] ?? 0 }
}

const recordOf = async (name: string): Promise<FlagRecord> => (await fleet.store.load([name])).flags.get(name) as FlagRecord

/** Puts into the cache what the store has never said, as `version`, and tells everybody. */
async function forge(version: number): Promise<void> {
  const record = (await fleet.store.load(['new_feature'])).flags.get('new_feature') as FlagRecord
  const [read] = await cache.read([{ name: 'new_feature' }])
  await cache.invalidate('new_feature', version, { token: read?.token ?? '', value: { ...record, rollout: 100, version }, ttlMs: 60_000 })
}

describe('a hint that goes on from the clock brings the record along', () => {
  const pattern = [{ when: [{ attribute: 'targetingKey', operator: 'matches', value: '^a' } as const] }]

  test('into a memory that holds the flag, so that nothing is read', async () => {
    const { flags, catchUps, reads } = await listener()
    const writer = fleet.client()
    const before = [catchUps(), reads()]
    const told: number[] = []
    flags.on('change', ({ version }) => void flags.evaluate('new_feature', 'ada').then((answer) => told.push(version, answer.version ?? 0)))
    await writer.admin.update('new_feature', { rollout: 100 })
    await writer.admin.update('new_feature', { rollout: 50 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'memory', version: 4, asOf: 4, rollout: 50 })
    await writer.admin.delete('new_feature')
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'memory', errorCode: 'FLAG_NOT_FOUND' })
    expect([told, [catchUps(), reads()]]).toEqual([[3, 3, 4, 4, 5, 0], before])
  })

  test('but not into one that does not', async () => {
    const { flags, reads } = await listener(['other'])
    const before = reads()
    await fleet.client().admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'cache', version: 3 })
    expect(reads() - before).toBe(1)
  })

  test('nor where it needs a library that is not loaded yet', async () => {
    const { flags } = await listener()
    await fleet.client().admin.update('new_feature', { rules: pattern })
    await settle()
    const answers = [await flags.evaluate('new_feature', 'ada'), await flags.evaluate('new_feature', 'ada')]
    expect(answers).toMatchObject([
      { enabled: true, source: 'cache' },
      { enabled: true, source: 'memory' },
    ])
  })

  test('nor where one before it is missing: then the log is asked first', async () => {
    const { flags, lost, log } = await listener()
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

  test('nor an older one than memory holds, however late it comes', async () => {
    const { flags } = await listener()
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

describe('what hints of the cache have told one after the other', () => {
  test('counts before the log is asked, of every flag', async () => {
    const { flags, catchUps } = await listener([])
    const writer = fleet.client()
    const before = catchUps()
    await writer.admin.update('new_feature', { rollout: 100 })
    await writer.admin.update('other', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, asOf: 3, source: 'cache', reason: 'STATIC' })
    expect(await flags.evaluate('other', 'ada')).toMatchObject({ enabled: true, asOf: 4, reason: 'STATIC' })
    expect([catchUps() - before, flags.stats().clock]).toEqual([0, 2])
  })

  test('and the log is asked where one is missing, before the later one is answered', async () => {
    const { flags, lost, catchUps } = await listener()
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

  test('is not taken for the store where somebody asks for a version', async () => {
    const { flags, catchUps } = await listener()
    const { version } = await fleet.client().admin.update('new_feature', { rollout: 100 })
    await settle()
    const before = catchUps()
    expect(await flags.isEnabled('new_feature', 'ada', { minVersion: version })).toBe(true)
    expect(catchUps() - before).toBe(1)
  })

  test('and was never true, is refuted by the next poll, and nothing that rests on it counts', async () => {
    const { flags } = await listener()
    await forge(3)
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
    await fleet.clock.advance(10_000)
    expect(fleet.codes).toEqual(['PARSE_ERROR'])
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1, reason: 'STATIC' })
    // From here on the store is asked again before anything beyond its clock counts.
    await forge(4)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
    await fleet.store.update('new_feature', { rollout: 100 })
    await fleet.clock.advance(10_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
  })
})

/** A process, and what lets the test send it a hint that nobody has written into the cache for. */
async function hearing() {
  let heard: ChannelListener | undefined
  const cache: FlagCache = around(fleet.cache(), {
    subscribe: (next, listener: ChannelListener) => {
      heard = listener
      return next(listener)
    },
  })
  const flags = fleet.client({ store: unwatched(fleet.store), cache })
  await flags.ready()
  for (const name of ['new_feature', 'other']) await flags.isEnabled(name, 'ada')
  await settle()
  return { flags, tell: (hint: Hint) => heard?.onHint(hint) }
}

describe('a hint that nobody honest has sent', () => {
  test('of a version that the log has told of brings nothing into memory for good', async () => {
    const { flags, tell } = await hearing()
    await fleet.store.update('other', { rollout: 100 })
    await fleet.clock.advance(10_000)
    expect(flags.stats().clock).toBe(3)
    tell({ name: 'new_feature', version: 3, flag: { ...(await recordOf('new_feature')), rollout: 100, version: 3 } })
    await fleet.clock.advance(600_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
  })

  test('brings no record that is of a later version than it says', async () => {
    const { flags, tell } = await hearing()
    tell({ name: 'new_feature', version: 3, flag: { ...(await recordOf('new_feature')), rollout: 100, version: 99 } })
    const answer = await flags.evaluate('new_feature', 'ada')
    expect(answer.version).toBeLessThanOrEqual(3)
  })
  test('forged, is refuted though another flag got that version', async () => {
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
  test('a forged entry that is read because hints had told of it is refuted by the next poll', async () => {
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
  test('is not older than an answer, where the hint came while a catch-up was under way', async () => {
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
    // Any catch-up will do: a poll that is under way when the hint comes, for one.
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
