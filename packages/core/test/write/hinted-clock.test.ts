import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener, FlagCache, FlagRecord } from '../../src/index.ts'
import { settle } from '../manual-clock.ts'
import { around, gate, unwatched, World } from '../world.ts'

let world: World
let cache: FlagCache
beforeEach(async () => {
  world = new World()
  for (const name of ['new_feature', 'other']) await world.store.create({ name, rollout: 0 })
  cache = world.cache()
  await cache.open((await world.store.head()).storeId)
})
afterEach(() => world.end())

/** A process that hears by a cache whose hints the test may hold back, and a count of its catch-ups. */
async function listener(names: readonly string[] = ['new_feature', 'other']) {
  const lost = { names: new Set<string>() }
  const log = { opened: Promise.resolve() }
  const store = around(unwatched(world.store), { changesSince: (next, ...args) => log.opened.then(() => next(...args)) })
  const muffled = around(world.cache(), {
    subscribe: (next, heard: ChannelListener) =>
      next({
        onHint: (hint) => {
          if (!lost.names.has(hint.name)) heard.onHint(hint)
        },
        onResync: () => heard.onResync(),
        onDown: (cause) => heard.onDown(cause),
      }),
  })
  const flags = world.client({ store, cache: muffled })
  await flags.ready()
  for (const name of names) await flags.isEnabled(name, 'ada')
  await settle()
  return { flags, lost, log, catchUps: () => store.calls['changesSince'] ?? 0, reads: () => muffled.calls['read'] ?? 0 }
}

/** Puts into the cache what the store has never said, as `version`, and tells everybody. */
async function forge(version: number): Promise<void> {
  const record = (await world.store.load(['new_feature'])).flags.get('new_feature') as FlagRecord
  const [read] = await cache.read([{ name: 'new_feature' }])
  await cache.invalidate('new_feature', version, { token: read?.token ?? '', value: { ...record, rollout: 100, version }, ttlMs: 60_000 })
}

describe('a hint that goes on from the clock brings the record along', () => {
  const pattern = [{ when: [{ attribute: 'targetingKey', operator: 'matches', value: '^a' } as const] }]

  test('into a memory that holds the flag, so that nothing is read', async () => {
    const { flags, catchUps, reads } = await listener()
    const writer = world.client()
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
    await world.client().admin.update('new_feature', { rollout: 100 })
    await settle()
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ source: 'cache', version: 3 })
    expect(reads() - before).toBe(1)
  })

  test('nor where it needs a library that is not loaded yet', async () => {
    const { flags } = await listener()
    await world.client().admin.update('new_feature', { rules: pattern })
    await settle()
    const answers = [await flags.evaluate('new_feature', 'ada'), await flags.evaluate('new_feature', 'ada')]
    expect(answers).toMatchObject([
      { enabled: true, source: 'cache' },
      { enabled: true, source: 'memory' },
    ])
  })

  test('nor where one before it is missing: then the log is asked first', async () => {
    const { flags, lost, log } = await listener()
    const writer = world.client()
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
    const writer = world.client()
    const old = (await world.store.load(['new_feature'])).flags.get('new_feature') as FlagRecord
    await writer.admin.update('new_feature', { rollout: 100 })
    await settle()
    const late = world.cache()
    await late.open((await world.store.head()).storeId)
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
    const writer = world.client()
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
    const writer = world.client()
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
    const { version } = await world.client().admin.update('new_feature', { rollout: 100 })
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
    await world.clock.advance(10_000)
    expect(world.codes).toEqual(['PARSE_ERROR'])
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1, reason: 'STATIC' })
    // From here on the store is asked again before anything beyond its clock counts.
    await forge(4)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, version: 1 })
    await world.store.update('new_feature', { rollout: 100 })
    await world.clock.advance(10_000)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, version: 3 })
  })
})
