import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defineFlags, FlagsError, type StaleFlagsOptions } from '../../src/index.ts'
import { around } from '../world.ts'
import { StaleWorld } from './stale-world.ts'

let world: StaleWorld
beforeEach(() => {
  world = new StaleWorld()
})
afterEach(() => world.end())

describe('expired', () => {
  test('is a flag from its `expiresAt` on', async () => {
    await world.store.create({ name: 'a', rollout: 50, owner: 'team-a', expiresAt: '2026-01-11T00:00:00.000Z' })
    await world.days(9.999)
    expect(await world.reasons('a')).toEqual([])
    await world.days(0.001)
    expect(await world.found('a')).toMatchObject({ flag: { owner: 'team-a', expiresAt: world.now() }, reasons: ['expired'], lastUsed: [] })
  })
})

describe('unused', () => {
  test('is a flag that was not used for so many days', async () => {
    await world.track()
    await world.store.create({ name: 'a', rollout: 50 })
    await world.days(10)
    await world.note({ flag: 'a', enabled: true, variant: 'new' })
    const used = world.now()
    await world.days(29.999)
    expect(await world.reasons('a')).toEqual([])
    await world.days(0.001)
    expect(await world.found('a')).toMatchObject({ reasons: ['unused'], lastUsed: [{ enabled: true, variant: 'new', at: used }] })
    expect(await world.reasons('a', { unusedDays: 31 })).toEqual([])
  })

  test('is no flag before it has been there for so long, nor before uses were tracked for so long', async () => {
    await world.store.create({ name: 'old', rollout: 50 })
    await world.days(100)
    await world.track()
    const since = world.now()
    await world.store.create({ name: 'young', rollout: 50 })
    await world.days(29.999)
    expect(await world.report()).toEqual({ flags: [], missing: [], trackedSince: since })
    await world.store.create({ name: 'new', rollout: 50 })
    await world.days(0.001)
    expect((await world.report()).flags.map(({ flag }) => flag.name)).toEqual(['old', 'tracked', 'young'])
  })

  test('is no flag where the store was told of no use, or keeps none', async () => {
    await world.store.create({ name: 'a', rollout: 50 })
    await world.days(100)
    expect(await world.report()).toEqual({ flags: [], missing: [] })
    await world.note({ flag: 'a', enabled: true })
    await world.days(100)
    const store = new Proxy(around(world.store), { get: (of, key) => (key === 'lastUses' ? undefined : Reflect.get(of, key)) })
    expect(await world.report({}, { store })).toEqual({ flags: [], missing: [] })
  })

  test('is no flag that another one requires', async () => {
    await world.track()
    await world.store.create({ name: 'a', rollout: 50 })
    await world.store.create({ name: 'b', rollout: 50, requires: [{ flag: 'a' }] })
    await world.days(30)
    expect([await world.reasons('a'), await world.reasons('b')]).toEqual([[], ['unused']])
  })

  test('is not asked of a use that another flag of the same name had', async () => {
    await world.track()
    await world.store.create({ name: 'a', rollout: 50 })
    await world.note({ flag: 'a', enabled: false })
    await world.days(1)
    await world.store.delete('a')
    await world.store.create({ name: 'a', rollout: 50 })
    await world.days(30)
    expect(await world.found('a')).toMatchObject({ reasons: ['unused'], lastUsed: [] })
  })

  test('tells when each outcome was given, the latest first', async () => {
    await world.store.create({ name: 'a', rollout: 50, expiresAt: world.now() })
    for (const use of [{ enabled: true }, { enabled: false }, { enabled: true, variant: 'new' }]) {
      await world.days(1)
      await world.note({ flag: 'a', ...use })
    }
    expect((await world.found('a'))?.lastUsed).toEqual([
      { enabled: true, variant: 'new', at: '2026-01-04T00:00:00.000Z' },
      { enabled: false, at: '2026-01-03T00:00:00.000Z' },
      { enabled: true, at: '2026-01-02T00:00:00.000Z' },
    ])
  })

  test('is what a process says of its own flags, from the first evaluation on', async () => {
    await world.store.create({ name: 'a', rollout: 50 })
    await world.store.create({ name: 'b', rollout: 50 })
    for (let day = 0; day < 40; day++) {
      const flags = world.client({ background: false })
      await flags.isEnabled('a', 'ada')
      await flags.close()
      await world.days(1)
    }
    expect((await world.report()).flags).toMatchObject([{ flag: { name: 'b' }, reasons: ['unused'], lastUsed: [] }])
  })
})

describe('undeclared and missing', () => {
  const schema = defineFlags({ known: { default: false }, absent: { default: 'x' }, another: { default: 1 } })

  test('are the flags that only the store or only the code has', async () => {
    await world.store.create({ name: 'known', rollout: 50 })
    await world.store.create({ name: 'unknown', rollout: 50 })
    await world.store.segments.create({ name: 'absent', members: ['ada'] })
    expect(await world.report({}, { schema })).toMatchObject({
      flags: [{ flag: { name: 'unknown' }, reasons: ['undeclared'] }],
      missing: ['absent', 'another'],
    })
  })

  test('are none without a schema', async () => {
    await world.store.create({ name: 'unknown', rollout: 50 })
    expect(await world.report()).toEqual({ flags: [], missing: [] })
  })

  test('do not call a flag missing whose record cannot be read, which is told', async () => {
    await world.store.create({ name: 'known', rollout: 50 })
    const unreadable = new FlagsError('RECORD_TOO_NEW', 'Upgrade.', { flag: 'known' })
    const store = around(world.store, {
      loadAll: async (next, ...args) => ({ ...(await next(...args)), flags: new Map([['known', unreadable]]) }),
    })
    expect((await world.report({}, { store, schema })).missing).toEqual(['absent', 'another'])
    expect(world.errors).toEqual([unreadable])
  })
})

describe('the report', () => {
  test('has all reasons of a flag, and leaves out flags without one', async () => {
    await world.track()
    await world.store.create({ name: 'a', rollout: 100, expiresAt: world.now() })
    await world.store.create({ name: 'b', rollout: 50 })
    await world.days(30)
    await world.note({ flag: 'b', enabled: true }, { flag: 'tracked', enabled: true })
    const { flags } = await world.report({}, { schema: defineFlags({ b: { default: false }, tracked: { default: false } }) })
    expect(flags.map(({ flag, reasons }) => [flag.name, ...reasons])).toEqual([['a', 'expired', 'settled', 'unused', 'undeclared']])
  })

  test.each<readonly [unknown, string]>([
    [{ unusedDays: -1 }, 'unusedDays: expected 0 or more'],
    [{ settledDays: 36_501 }, 'settledDays: expected 36,500 or less'],
    [{ settledDays: Number.NaN }, 'settledDays: expected a number of days'],
    [{ unusedDays: '30' }, 'unusedDays: expected a number of days'],
    [{ unused: 30 }, 'expected one of the fields unusedDays, settledDays'],
    [7, 'expected one of the fields'],
  ])('with %j is refused', async (options, message) => {
    await expect(world.report(options as StaleFlagsOptions)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message),
    })
  })

  test('rejects where the store cannot tell, and once the client is closed', async () => {
    await world.store.create({ name: 'a', rollout: 100 })
    await world.days(1)
    await world.store.update('a', { owner: 'x' })
    await world.days(40)
    const cut = (): never => Promise.reject(new Error('cut')) as never
    for (const broken of [{ loadAll: cut }, { lastUses: cut }, { history: cut }]) {
      await expect(world.report({}, { store: around(world.store, broken) })).rejects.toMatchObject({
        name: 'FlagsError',
        code: 'STORE_UNAVAILABLE',
      })
    }
    const flags = world.client()
    await flags.close()
    await expect(flags.admin.staleFlags()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
