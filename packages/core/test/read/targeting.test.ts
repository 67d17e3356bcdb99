import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FlagCache, Flags } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
let flags: Flags
beforeEach(async () => {
  fleet = new Fleet()
  flags = fleet.client()
  await flags.ready()
})
afterEach(() => fleet.end())

const ada = { targetingKey: 'ada', plan: 'pro', company: { country: 'DE' } }

describe('rules', () => {
  test('are decided by the first that matches, from any layer, then from memory', async () => {
    await fleet.store.create({
      name: 'checkout',
      rollout: 0,
      rules: [
        { name: 'germans', when: [{ attribute: 'company.country', operator: 'equals', value: 'DE' }], rollout: 100 },
        { when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }], rollout: 0 },
      ],
    })
    await settle()
    expect(await flags.evaluate('checkout', ada)).toMatchObject({
      enabled: true,
      reason: 'TARGETING_MATCH',
      rule: { index: 0, name: 'germans' },
      // A process that hears of the flag through the store leaves it in the cache.
      source: expect.stringMatching(/^(cache|store)$/),
    })
    expect(await flags.evaluate('checkout', { targetingKey: 'ben', plan: 'pro' })).toMatchObject({
      enabled: false,
      rule: { index: 1 },
      source: 'memory',
    })
    expect(await flags.isEnabled('checkout', ada)).toBe(true)
    expect(await flags.isEnabled('checkout', 'ben')).toBe(false)
    expect(fleet.codes).toEqual([])
  })

  test('that need a library load it in every process', async () => {
    await fleet.store.create({
      name: 'beta',
      rules: [
        {
          when: [
            { attribute: 'email', operator: 'matches', value: '@example\\.(com|org)$' },
            { attribute: 'app', operator: 'semverGreaterThan', value: '1.9.9' },
          ],
        },
      ],
    })
    const who = { targetingKey: 'ada', email: 'ada@example.org', app: '1.10.0' }
    expect(await flags.isEnabled('beta', who)).toBe(true)
    expect(await flags.isEnabled('beta', { ...who, app: '1.9.9' })).toBe(false)
    expect(await fleet.client().isEnabled('beta', who)).toBe(true)
    await fleet.store.update('beta', { rules: [{ when: [{ attribute: 'email', operator: 'matches', value: '^(a+)+$' }] }] })
    await settle()
    expect(await flags.isEnabled('beta', { targetingKey: 'x', email: `${'a'.repeat(5_000)}!` })).toBe(false)
  })
})

test('a pattern that the library refuses is refused on write, with its place', async () => {
  const when = [{ attribute: 'email', operator: 'matches', value: '(?=a)b' }] as const
  await expect(flags.admin.create({ name: 'beta', rules: [{ when }] })).rejects.toMatchObject({
    code: 'INVALID_FLAG',
    message: expect.stringContaining('rules.0.when.0.value') as string,
  })
  await expect(flags.admin.segments.create({ name: 'beta', when })).rejects.toMatchObject({ code: 'INVALID_FLAG' })
  await flags.admin.create({ name: 'beta' })
  await expect(flags.admin.update('beta', { rules: [{ when }] })).rejects.toMatchObject({ code: 'INVALID_FLAG' })
  expect(await flags.admin.segments.list()).toEqual([])
})

describe('a segment', () => {
  const wanted = { attribute: 'targetingKey', operator: 'inSegment', value: 'staff' } as const

  beforeEach(async () => {
    await flags.admin.segments.create({ name: 'staff', members: ['ada'] })
    await flags.admin.create({ name: 'debug', rules: [{ when: [wanted] }] })
    await flags.admin.create({ name: 'trace', rules: [{ when: [wanted] }] })
  })

  test('that changes reaches every flag that refers to it, in every process', async () => {
    const other = fleet.client()
    for (const client of [flags, other]) {
      expect([await client.isEnabled('debug', 'ada'), await client.isEnabled('debug', 'ben')]).toEqual([true, false])
    }
    await flags.admin.segments.update('staff', { members: ['ben'] })
    await settle()
    for (const client of [flags, other, fleet.client()]) {
      for (const flag of ['debug', 'trace']) {
        expect([await client.isEnabled(flag, 'ada'), await client.isEnabled(flag, 'ben')]).toEqual([false, true])
      }
    }
    expect(fleet.codes).toEqual([])
  })

  test('is shared by the cache as a flag is, but no decision that rests on it is', async () => {
    const other = fleet.client({ store: around(fleet.store) })
    await flags.evaluate('debug', 'ada')
    await settle()
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    const [flag, segment] = await cache.read([
      { name: 'debug', decision: { kind: 'endpoint', targetingKey: 'ada' } },
      { name: 'segment:staff' },
    ])
    expect(flag?.decision).toBeUndefined()
    await other.ready()
    await other.evaluate('debug', 'ada')
    await settle()
    expect((await cache.read([{ name: 'segment:staff' }]))[0]?.flag?.value).toMatchObject({ members: ['ada'] })
    expect(segment?.token).toBeDefined()
  })

  test('that does not exist matches no rule', async () => {
    await flags.admin.segments.delete('staff')
    expect(await flags.evaluate('debug', 'ada')).toMatchObject({ enabled: false, reason: 'DEFAULT' })
  })

  test('is no flag', async () => {
    await flags.isEnabled('debug', 'ada')
    expect(await flags.evaluate('segment:staff', 'ada')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', source: 'default' })
    expect(await flags.isEnabled('segment:staff', 'ada', { default: true })).toBe(true)
    expect((await flags.admin.list()).map(({ name }) => name)).toEqual(['debug', 'trace'])
  })

  test('may have 10,000 members', async () => {
    const members = Array.from({ length: 10_000 }, (_, index) => `user-${index}`)
    await flags.admin.segments.update('staff', { members })
    expect(await flags.isEnabled('debug', 'user-9999')).toBe(true)
    expect(await flags.isEnabled('debug', 'user-10000')).toBe(false)
  })
})

describe('a prerequisite', () => {
  beforeEach(async () => {
    await flags.admin.create({ name: 'base', rollout: 100 })
    await flags.admin.create({ name: 'middle', rollout: 100, requires: [{ flag: 'base' }] })
    await flags.admin.create({ name: 'top', rollout: 100, requires: [{ flag: 'middle' }] })
  })

  test('that changes reaches what requires it, through every level and in every process', async () => {
    const other = fleet.client()
    expect([await flags.isEnabled('top', 'ada'), await other.isEnabled('top', 'ada')]).toEqual([true, true])
    await flags.admin.update('base', { enabled: false })
    await settle()
    for (const client of [flags, other, fleet.client()]) {
      expect(await client.evaluate('top', 'ada')).toMatchObject({ enabled: false, reason: 'DEFAULT', unmet: 'middle' })
    }
  })

  test('keeps decisions out of the cache', async () => {
    await fleet.client().evaluate('top', 'ada')
    await settle()
    const cache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    const [read] = await cache.read([{ name: 'top', decision: { kind: 'endpoint', targetingKey: 'ada' } }])
    expect([read?.flag?.value?.name, read?.decision]).toEqual(['top', undefined])
  })

  test('that cannot be read is not taken for one that is off', async () => {
    let gone = false
    const store = around(fleet.store, {
      load: (next, names, call) => (gone && names.includes('base') ? Promise.reject(new Error('gone')) : next(names, call)),
    })
    const lone = fleet.client({ store, cache: undefined as never })
    await lone.isEnabled('unrelated', 'ada')
    gone = true
    expect(await lone.evaluate('middle', 'ada', { default: true })).toMatchObject({
      enabled: true,
      source: 'default',
      errorCode: 'STORE_UNAVAILABLE',
    })
  })

  test('needs no further read once memory holds all of it', async () => {
    const store = around(fleet.store)
    const client = fleet.client({ store, cache: undefined as never })
    await client.isEnabled('top', 'ada')
    const loads = store.calls['load']
    expect((await client.evaluate('top', 'ben')).source).toBe('memory')
    expect(store.calls['load']).toBe(loads)
  })

  test('that would close a cycle is refused', async () => {
    await expect(flags.admin.update('base', { requires: [{ flag: 'top' }] })).rejects.toMatchObject({ code: 'PREREQUISITE_CYCLE' })
  })
})

describe('decisions in the cache', () => {
  async function shared(name: string, who: string): Promise<unknown> {
    await fleet.client().evaluate(name, who)
    await settle()
    const cache: FlagCache = fleet.cache()
    await cache.open((await fleet.store.head()).storeId)
    return (await cache.read([{ name, decision: { kind: 'endpoint', targetingKey: who } }]))[0]?.decision?.value
  }

  test('are kept where rules look only at the targeting key', async () => {
    const when = [{ attribute: 'targetingKey', operator: 'in', value: ['ada'] }] as const
    await flags.admin.create({ name: 'listed', rules: [{ when, variant: 'blue' }], variants: [{ name: 'blue', value: '#00f', weight: 1 }] })
    expect(await shared('listed', 'ada')).toMatchObject({ enabled: true, variant: 'blue', value: '#00f', rule: { index: 0 } })
  })

  test('are not kept where they depend on time or on another hashed attribute', async () => {
    const at = (year: number) => `${year}-01-01T00:00:00.000Z`
    await flags.admin.create({ name: 'ramped', ramp: { from: { at: at(2025), rollout: 0 }, to: { at: at(2027), rollout: 100 } } })
    await flags.admin.create({ name: 'by-company', rollout: 50, bucketBy: 'company' })
    expect([await shared('ramped', 'ada'), await shared('by-company', 'ada')]).toEqual([undefined, undefined])
  })
})

test('a ramp follows the clock, without a write or a read', async () => {
  const now = fleet.clock.now()
  const at = (ms: number) => new Date(now + ms).toISOString()
  await flags.admin.create({
    name: 'slow',
    ramp: { from: { at: at(0), rollout: 0 }, to: { at: at(20_000), rollout: 100 } },
  })
  const shares: number[] = []
  for (let step = 0; step <= 4; step++) {
    const answers = await Promise.all(Array.from({ length: 400 }, (_, index) => flags.isEnabled('slow', `user-${index}`)))
    shares.push(answers.filter(Boolean).length / 400)
    await fleet.clock.advance(5_000)
  }
  expect([shares[0], shares[4]]).toEqual([0, 1])
  expect(shares).toEqual([...shares].sort((one, other) => one - other))
  expect(shares[2]).toBeGreaterThan(0.4)
  expect(shares[2]).toBeLessThan(0.6)
})

describe('value', () => {
  beforeEach(async () => {
    const variants = [
      { name: 'small', value: { rows: 10 }, weight: 1 },
      { name: 'large', value: { rows: 50 }, weight: 1 },
    ]
    await flags.admin.create({ name: 'page', rollout: 100, variants })
    await flags.admin.create({ name: 'limit', rollout: 100, variants: [{ name: 'high', value: 50, weight: 1 }] })
  })

  test('is the variant’s where the flag is on, and the default where it is off', async () => {
    const found = new Set<number>()
    for (let user = 0; user < 50; user++) found.add((await flags.value('page', `user-${user}`, { default: { rows: 1 } })).rows)
    expect([...found].sort()).toEqual([10, 50])
    await flags.admin.update('page', { enabled: false })
    expect(await flags.value('page', 'ada', { default: { rows: 1 } })).toEqual({ rows: 1 })
  })

  test('that cannot be drawn without a key is the default, without TYPE_MISMATCH', async () => {
    expect(await flags.value('page', {}, { default: { rows: 1 } })).toEqual({ rows: 1 })
    expect(fleet.codes).toEqual([])
  })

  test('of another type than the default gives the default, with TYPE_MISMATCH', async () => {
    expect(await flags.value('limit', 'ada', { default: 10 })).toBe(50)
    expect(await flags.value('limit', 'ada', { default: 'none' })).toBe('none')
    expect(fleet.codes).toEqual(['TYPE_MISMATCH'])
  })
})
