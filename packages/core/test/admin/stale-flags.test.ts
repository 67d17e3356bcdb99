import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defineFlags, FlagsError, type StaleFlagsOptions } from '../../src/index.ts'
import { around } from '../client-fleet.ts'
import { StaleFleet } from './stale-flags-fleet.ts'

let fleet: StaleFleet
beforeEach(() => {
  fleet = new StaleFleet()
})
afterEach(() => fleet.end())

describe('an expired flag', () => {
  test('is reported from its `expiresAt` on', async () => {
    await fleet.store.create({ name: 'a', rollout: 50, owner: 'team-a', expiresAt: '2026-01-11T00:00:00.000Z' })
    await fleet.days(9.999)
    expect(await fleet.reasons('a')).toEqual([])
    await fleet.days(0.001)
    expect(await fleet.entry('a')).toMatchObject({ flag: { owner: 'team-a', expiresAt: fleet.now() }, reasons: ['expired'], lastUsed: [] })
  })
})

describe('an unused flag', () => {
  test('was not used for `unusedDays`', async () => {
    await fleet.startTracking()
    await fleet.store.create({ name: 'a', rollout: 50 })
    await fleet.days(10)
    await fleet.note({ flag: 'a', enabled: true, variant: 'new' })
    const used = fleet.now()
    await fleet.days(29.999)
    expect(await fleet.reasons('a')).toEqual([])
    await fleet.days(0.001)
    expect(await fleet.entry('a')).toMatchObject({ reasons: ['unused'], lastUsed: [{ enabled: true, variant: 'new', at: used }] })
    expect(await fleet.reasons('a', { unusedDays: 31 })).toEqual([])
  })

  test('must have existed for `unusedDays`, and uses must have been tracked for as long', async () => {
    await fleet.store.create({ name: 'old', rollout: 50 })
    await fleet.days(100)
    await fleet.startTracking()
    const since = fleet.now()
    await fleet.store.create({ name: 'young', rollout: 50 })
    await fleet.days(29.999)
    expect(await fleet.report()).toEqual({ flags: [], missing: [], trackedSince: since })
    await fleet.store.create({ name: 'new', rollout: 50 })
    await fleet.days(0.001)
    expect((await fleet.report()).flags.map(({ flag }) => flag.name)).toEqual(['old', 'tracked', 'young'])
  })

  test('is not reported where the store was never told of a use, or keeps none', async () => {
    await fleet.store.create({ name: 'a', rollout: 50 })
    await fleet.days(100)
    expect(await fleet.report()).toEqual({ flags: [], missing: [] })
    await fleet.note({ flag: 'a', enabled: true })
    await fleet.days(100)
    const store = new Proxy(around(fleet.store), { get: (of, key) => (key === 'lastUses' ? undefined : Reflect.get(of, key)) })
    expect(await fleet.report({}, { store })).toEqual({ flags: [], missing: [] })
  })

  test('is not reported where another flag requires it', async () => {
    await fleet.startTracking()
    await fleet.store.create({ name: 'a', rollout: 50 })
    await fleet.store.create({ name: 'b', rollout: 50, requires: [{ flag: 'a' }] })
    await fleet.days(30)
    expect([await fleet.reasons('a'), await fleet.reasons('b')]).toEqual([[], ['unused']])
  })

  test('does not have the uses of an earlier flag of the same name', async () => {
    await fleet.startTracking()
    await fleet.store.create({ name: 'a', rollout: 50 })
    await fleet.note({ flag: 'a', enabled: false })
    await fleet.days(1)
    await fleet.store.delete('a')
    await fleet.store.create({ name: 'a', rollout: 50 })
    await fleet.days(30)
    expect(await fleet.entry('a')).toMatchObject({ reasons: ['unused'], lastUsed: [] })
  })

  test('has the last use of each outcome, the latest first', async () => {
    await fleet.store.create({ name: 'a', rollout: 50, expiresAt: fleet.now() })
    for (const use of [{ enabled: true }, { enabled: false }, { enabled: true, variant: 'new' }]) {
      await fleet.days(1)
      await fleet.note({ flag: 'a', ...use })
    }
    expect((await fleet.entry('a'))?.lastUsed).toEqual([
      { enabled: true, variant: 'new', at: '2026-01-04T00:00:00.000Z' },
      { enabled: false, at: '2026-01-03T00:00:00.000Z' },
      { enabled: true, at: '2026-01-02T00:00:00.000Z' },
    ])
  })

  test('is no flag that some process evaluates', async () => {
    await fleet.store.create({ name: 'a', rollout: 50 })
    await fleet.store.create({ name: 'b', rollout: 50 })
    for (let day = 0; day < 40; day++) {
      const flags = fleet.client({ background: false })
      await flags.isEnabled('a', 'ada')
      await flags.close()
      await fleet.days(1)
    }
    expect((await fleet.report()).flags).toMatchObject([{ flag: { name: 'b' }, reasons: ['unused'], lastUsed: [] }])
  })
})

describe('undeclared and missing', () => {
  const schema = defineFlags({ known: { default: false }, absent: { default: 'x' }, another: { default: 1 } })

  test('are the flags that only the store or only the schema has', async () => {
    await fleet.store.create({ name: 'known', rollout: 50 })
    await fleet.store.create({ name: 'unknown', rollout: 50 })
    await fleet.store.segments.create({ name: 'absent', members: ['ada'] })
    expect(await fleet.report({}, { schema })).toMatchObject({
      flags: [{ flag: { name: 'unknown' }, reasons: ['undeclared'] }],
      missing: ['absent', 'another'],
    })
  })

  test('are none without a schema', async () => {
    await fleet.store.create({ name: 'unknown', rollout: 50 })
    expect(await fleet.report()).toEqual({ flags: [], missing: [] })
  })

  test('leave out a flag whose record cannot be read, and report the error', async () => {
    await fleet.store.create({ name: 'known', rollout: 50 })
    const unreadable = new FlagsError('RECORD_TOO_NEW', 'Upgrade.', { flag: 'known' })
    const store = around(fleet.store, {
      loadAll: async (next, ...args) => ({ ...(await next(...args)), flags: new Map([['known', unreadable]]) }),
    })
    expect((await fleet.report({}, { store, schema })).missing).toEqual(['absent', 'another'])
    expect(fleet.errors).toEqual([unreadable])
  })
})

describe('the report', () => {
  test('has all reasons of a flag, and leaves out flags without one', async () => {
    await fleet.startTracking()
    await fleet.store.create({ name: 'a', rollout: 100, expiresAt: fleet.now() })
    await fleet.store.create({ name: 'b', rollout: 50 })
    await fleet.days(30)
    await fleet.note({ flag: 'b', enabled: true }, { flag: 'tracked', enabled: true })
    const { flags } = await fleet.report({}, { schema: defineFlags({ b: { default: false }, tracked: { default: false } }) })
    expect(flags.map(({ flag, reasons }) => [flag.name, ...reasons])).toEqual([['a', 'expired', 'constant', 'unused', 'undeclared']])
  })

  test.each<readonly [unknown, string]>([
    [{ unusedDays: -1 }, 'unusedDays: expected 0 or more'],
    [{ constantDays: 36_501 }, 'constantDays: expected 36,500 or less'],
    [{ constantDays: Number.NaN }, 'constantDays: expected a number of days'],
    [{ unusedDays: '30' }, 'unusedDays: expected a number of days'],
    [{ unused: 30 }, 'expected one of the fields unusedDays, constantDays'],
    [7, 'expected one of the fields'],
  ])('with %j is refused', async (options, message) => {
    await expect(fleet.report(options as StaleFlagsOptions)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message),
    })
  })

  test('rejects where the store fails, and once the client is closed', async () => {
    await fleet.store.create({ name: 'a', rollout: 100 })
    await fleet.days(1)
    await fleet.store.update('a', { owner: 'x' })
    await fleet.days(40)
    const cut = (): never => Promise.reject(new Error('cut')) as never
    for (const broken of [{ loadAll: cut }, { lastUses: cut }, { history: cut }]) {
      await expect(fleet.report({}, { store: around(fleet.store, broken) })).rejects.toMatchObject({
        name: 'FlagsError',
        code: 'STORE_UNAVAILABLE',
      })
    }
    const flags = fleet.client()
    await flags.close()
    await expect(flags.admin.staleFlags()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
