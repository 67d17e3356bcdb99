import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  defineFlags,
  FlagsError,
  type FlagsOptions,
  type FlagUse,
  type StaleFlag,
  type StaleFlagsOptions,
  type StaleFlagsReport,
} from '../../src/index.ts'
import { around, World } from '../world.ts'

let world: World
beforeEach(() => {
  world = new World()
})
afterEach(() => world.end())

// No process of these tests has timers: a month passes at once.
const days = (count: number): Promise<void> => world.clock.advance(count * 86_400_000)
const now = (): string => new Date(world.clock.now()).toISOString()

function report(options?: StaleFlagsOptions, client: Partial<FlagsOptions> = {}): Promise<StaleFlagsReport> {
  return world.client({ background: false, trackUses: false, ...client }).admin.staleFlags(options)
}

async function found(name: string, options?: StaleFlagsOptions, client: Partial<FlagsOptions> = {}): Promise<StaleFlag | undefined> {
  return (await report(options, client)).flags.find(({ flag }) => flag.name === name)
}

async function reasons(name: string, options?: StaleFlagsOptions): Promise<readonly string[]> {
  return (await found(name, options))?.reasons ?? []
}

async function note(...uses: readonly Omit<FlagUse, 'at'>[]): Promise<void> {
  await world.store.noteUses?.(uses.map((use) => ({ ...use, at: now() })))
}

/** Tracking has begun. */
async function tracked(): Promise<void> {
  await world.store.create({ name: 'tracked', rollout: 50 })
  await note({ flag: 'tracked', enabled: true })
}

describe('expired', () => {
  test('is a flag from its `expiresAt` on', async () => {
    await world.store.create({ name: 'a', rollout: 50, owner: 'team-a', expiresAt: '2026-01-11T00:00:00.000Z' })
    await days(9.999)
    expect(await reasons('a')).toEqual([])
    await days(0.001)
    expect(await found('a')).toMatchObject({ flag: { owner: 'team-a', expiresAt: now() }, reasons: ['expired'], lastUsed: [] })
  })
})

describe('settled', () => {
  test('is a flag that has answered everybody alike for so many days', async () => {
    await world.store.create({ name: 'a', rollout: 50 })
    await days(10)
    await world.store.update('a', { rollout: 100 })
    const since = now()
    await days(29.999)
    expect(await reasons('a')).toEqual([])
    await days(0.001)
    expect(await found('a')).toMatchObject({ reasons: ['settled'], settledSince: since })
    expect(await reasons('a', { settledDays: 31 })).toEqual([])
    expect((await found('a', { settledDays: 29 }))?.settledSince).toBe(since)
  })

  test('is one that was never changed', async () => {
    const store = around(world.store)
    await world.store.create({ name: 'a', rollout: 100 })
    await world.store.create({ name: 'young', rollout: 50 })
    const since = now()
    await days(40)
    await world.store.create({ name: 'new', rollout: 100 })
    expect(await found('a', {}, { store })).toMatchObject({ reasons: ['settled'], settledSince: since })
    expect(await reasons('new')).toEqual([])
    expect(await reasons('new', { settledDays: 0 })).toEqual(['settled'])
    expect(store.calls['history']).toBeUndefined()
  })

  test('is not reset by a change that changes no answer, however many there are', async () => {
    await world.store.create({ name: 'a', rollout: 50 })
    await days(1)
    await world.store.update('a', { rollout: 0 })
    const since = now()
    await days(1)
    await world.store.update('a', { enabled: false })
    await world.store.update('a', { rollout: 100 })
    for (let change = 0; change < 250; change++) {
      await days(1)
      await world.store.update('a', { description: `change ${change}` })
    }
    expect(await found('a')).toMatchObject({ reasons: ['settled'], settledSince: since })
  })

  test('is reset by each change of the answer: to the other one, to another variant or another value, and back', async () => {
    const variants = (first: number, second: number, value = 1): object => ({
      variants: [
        { name: 'first', value, weight: first },
        { name: 'second', value: 2, weight: second },
      ],
    })
    await world.store.create({ name: 'a', rollout: 100 })
    for (const patch of [{ rollout: 0 }, { rollout: 100 }, variants(1, 0), variants(1, 0, 7), variants(0, 1)]) {
      await days(40)
      await world.store.update('a', patch)
      expect(await reasons('a')).toEqual([])
    }
    await days(40)
    await world.store.update('a', { rollout: 50 })
    await world.store.update('a', { rollout: 100 })
    const since = now()
    await days(1)
    await world.store.update('a', { description: 'x' })
    expect(await reasons('a')).toEqual([])
    expect((await found('a', { settledDays: 1 }))?.settledSince).toBe(since)
  })

  test('is one from the end of its ramp on, though it was changed during and after it', async () => {
    await world.store.create({
      name: 'a',
      ramp: { from: { at: '2026-01-11T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-21T00:00:00.000Z', rollout: 100 } },
    })
    await days(15)
    await world.store.update('a', { description: 'during' })
    await days(34.999)
    expect(await reasons('a')).toEqual([])
    await days(0.001)
    await world.store.update('a', { description: 'after' })
    await world.store.update('a', { ramp: null, rollout: 100 })
    expect(await found('a')).toMatchObject({ reasons: ['settled'], settledSince: '2026-01-21T00:00:00.000Z' })
  })

  test('is one from the end of its ramp on, though it answered everybody so before the ramp, too', async () => {
    await world.store.create({ name: 'a', rollout: 100 })
    await days(5)
    await world.store.update('a', {
      ramp: { from: { at: '2026-01-11T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-21T00:00:00.000Z', rollout: 100 } },
    })
    await days(80)
    expect(await found('a')).toMatchObject({ reasons: ['settled'], settledSince: '2026-01-21T00:00:00.000Z' })
  })

  test('counts from what is left of a log that was pruned: the oldest record in it', async () => {
    await world.store.create({ name: 'a', rollout: 100 })
    const left: string[] = []
    for (const description of ['x', 'y', 'z']) {
      await days(40)
      left.push(now())
      await world.store.update('a', { description })
    }
    await world.store.prune(30)
    expect(await world.store.history('a')).toHaveLength(1)
    expect(await found('a')).toMatchObject({ reasons: ['settled'], settledSince: left[1] })
  })

  test('is a flag that was deleted and made anew from then on', async () => {
    await world.store.create({ name: 'a', rollout: 100 })
    await days(40)
    await world.store.delete('a')
    await world.store.create({ name: 'a', rollout: 100 })
    const since = now()
    await days(30)
    await world.store.update('a', { owner: 'x' })
    expect((await found('a'))?.settledSince).toBe(since)
  })
})

describe('unused', () => {
  test('is a flag that was not used for so many days', async () => {
    await tracked()
    await world.store.create({ name: 'a', rollout: 50 })
    await days(10)
    await note({ flag: 'a', enabled: true, variant: 'new' })
    const used = now()
    await days(29.999)
    expect(await reasons('a')).toEqual([])
    await days(0.001)
    expect(await found('a')).toMatchObject({ reasons: ['unused'], lastUsed: [{ enabled: true, variant: 'new', at: used }] })
    expect(await reasons('a', { unusedDays: 31 })).toEqual([])
  })

  test('is no flag before it has been there for so long, nor before uses were tracked for so long', async () => {
    await world.store.create({ name: 'old', rollout: 50 })
    await days(100)
    await tracked()
    const since = now()
    await world.store.create({ name: 'young', rollout: 50 })
    await days(29.999)
    expect(await report()).toEqual({ flags: [], missing: [], trackedSince: since })
    await world.store.create({ name: 'new', rollout: 50 })
    await days(0.001)
    expect((await report()).flags.map(({ flag }) => flag.name)).toEqual(['old', 'tracked', 'young'])
  })

  test('is no flag where the store was told of no use, or keeps none', async () => {
    await world.store.create({ name: 'a', rollout: 50 })
    await days(100)
    expect(await report()).toEqual({ flags: [], missing: [] })
    await note({ flag: 'a', enabled: true })
    await days(100)
    const store = new Proxy(around(world.store), { get: (of, key) => (key === 'lastUses' ? undefined : Reflect.get(of, key)) })
    expect(await report({}, { store })).toEqual({ flags: [], missing: [] })
  })

  test('is no flag that another one requires', async () => {
    await tracked()
    await world.store.create({ name: 'a', rollout: 50 })
    await world.store.create({ name: 'b', rollout: 50, requires: [{ flag: 'a' }] })
    await days(30)
    expect([await reasons('a'), await reasons('b')]).toEqual([[], ['unused']])
  })

  test('is not asked of a use that another flag of the same name had', async () => {
    await tracked()
    await world.store.create({ name: 'a', rollout: 50 })
    await note({ flag: 'a', enabled: false })
    await days(1)
    await world.store.delete('a')
    await world.store.create({ name: 'a', rollout: 50 })
    await days(30)
    expect(await found('a')).toMatchObject({ reasons: ['unused'], lastUsed: [] })
  })

  test('tells when each outcome was given, the latest first', async () => {
    await world.store.create({ name: 'a', rollout: 50, expiresAt: now() })
    for (const use of [{ enabled: true }, { enabled: false }, { enabled: true, variant: 'new' }]) {
      await days(1)
      await note({ flag: 'a', ...use })
    }
    expect((await found('a'))?.lastUsed).toEqual([
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
      await days(1)
    }
    expect((await report()).flags).toMatchObject([{ flag: { name: 'b' }, reasons: ['unused'], lastUsed: [] }])
  })
})

describe('undeclared and missing', () => {
  const schema = defineFlags({ known: { default: false }, absent: { default: 'x' }, another: { default: 1 } })

  test('are the flags that only the store or only the code has', async () => {
    await world.store.create({ name: 'known', rollout: 50 })
    await world.store.create({ name: 'unknown', rollout: 50 })
    await world.store.segments.create({ name: 'absent', members: ['ada'] })
    expect(await report({}, { schema })).toMatchObject({
      flags: [{ flag: { name: 'unknown' }, reasons: ['undeclared'] }],
      missing: ['absent', 'another'],
    })
  })

  test('are none without a schema', async () => {
    await world.store.create({ name: 'unknown', rollout: 50 })
    expect(await report()).toEqual({ flags: [], missing: [] })
  })

  test('do not call a flag missing whose record cannot be read, which is told', async () => {
    await world.store.create({ name: 'known', rollout: 50 })
    const unreadable = new FlagsError('RECORD_TOO_NEW', 'Upgrade.', { flag: 'known' })
    const store = around(world.store, {
      loadAll: async (next, ...args) => ({ ...(await next(...args)), flags: new Map([['known', unreadable]]) }),
    })
    expect((await report({}, { store, schema })).missing).toEqual(['absent', 'another'])
    expect(world.errors).toEqual([unreadable])
  })
})

describe('the report', () => {
  test('has all reasons of a flag, and leaves out flags without one', async () => {
    await tracked()
    await world.store.create({ name: 'a', rollout: 100, expiresAt: now() })
    await world.store.create({ name: 'b', rollout: 50 })
    await days(30)
    await note({ flag: 'b', enabled: true }, { flag: 'tracked', enabled: true })
    const { flags } = await report({}, { schema: defineFlags({ b: { default: false }, tracked: { default: false } }) })
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
    await expect(report(options as StaleFlagsOptions)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message),
    })
  })

  test('rejects where the store cannot tell, and once the client is closed', async () => {
    await world.store.create({ name: 'a', rollout: 100 })
    await days(1)
    await world.store.update('a', { owner: 'x' })
    await days(40)
    const cut = (): never => Promise.reject(new Error('cut')) as never
    for (const broken of [{ loadAll: cut }, { lastUses: cut }, { history: cut }]) {
      await expect(report({}, { store: around(world.store, broken) })).rejects.toMatchObject({
        name: 'FlagsError',
        code: 'STORE_UNAVAILABLE',
      })
    }
    const flags = world.client()
    await flags.close()
    await expect(flags.admin.staleFlags()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
