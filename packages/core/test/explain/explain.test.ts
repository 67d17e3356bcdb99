import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Flags } from '../../src/index.ts'
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

describe('explain', () => {
  test('says what each layer has', async () => {
    await flags.admin.create({ name: 'new_feature', rollout: 50 })
    const other = fleet.client()
    const { layers, floor, clock } = await other.explain('new_feature', 'ada')
    expect(layers).toEqual([
      { layer: 'memory', state: 'answers', version: 1, asOf: 1 },
      { layer: 'decision', state: expect.any(String) as string, asOf: 1 },
      { layer: 'cache', state: 'answers', version: 1, asOf: 1 },
      { layer: 'store', state: 'answers', version: 1, asOf: 1 },
    ])
    expect([floor, clock]).toEqual([1, 1])
  })

  test('gives hash input, hash, bucket and threshold', async () => {
    await flags.admin.create({ name: 'new_feature', rollout: 50, salt: 'pepper' })
    const { evaluation, trace } = await flags.explain('new_feature', 'ada')
    expect(trace?.bucketing).toMatchObject({ input: 'pepper:ada', rollout: 50, bucket: evaluation.bucket })
    expect(evaluation).toEqual({ ...(await flags.evaluate('new_feature', 'ada')) })
  })

  test('gives the verdict of each rule, condition by condition, as data and as text', async () => {
    await flags.admin.segments.create({ name: 'staff', members: ['eve'] })
    await flags.admin.create({
      name: 'checkout',
      rollout: 0,
      rules: [
        { name: 'staff', when: [{ attribute: 'targetingKey', operator: 'inSegment', value: 'staff' }] },
        {
          name: 'germans on pro',
          when: [
            { attribute: 'country', operator: 'in', value: ['DE', 'AT'] },
            { attribute: 'plan', operator: 'equals', value: 'pro' },
          ],
          rollout: 100,
        },
      ],
    })
    const { trace, text } = await flags.explain('checkout', { targetingKey: 'ada', country: 'DE', plan: 'pro' })
    expect(trace?.rules.map(({ name, met }) => [name, met])).toEqual([
      ['staff', false],
      ['germans on pro', true],
    ])
    expect(text.split('\n').slice(0, 9)).toEqual([
      'checkout is on for "ada": TARGETING_MATCH, answered by memory.',
      '',
      'How it was decided',
      '  Rule 1 (staff) does not match:',
      '    ✗ targetingKey inSegment "staff"; it is "ada"',
      '  Rule 2 (germans on pro) matches:',
      '    ✓ country in ["DE","AT"]; it is "DE"',
      '    ✓ plan equals "pro"; it is "pro"',
      '  Rule 2 (germans on pro) decides, with a rollout of 100 %.',
    ])
  })

  test('says which prerequisite is not met', async () => {
    await flags.admin.create({ name: 'base', enabled: false })
    await flags.admin.create({ name: 'top', rollout: 100, requires: [{ flag: 'base' }] })
    const { text } = await flags.explain('top', 'ada')
    expect(text).toContain('Prerequisite base must be on: not met, it is off.')
    expect(text).toContain('A prerequisite is not met (base): off.')
  })

  test('says when a ramp lets this user in', async () => {
    const ramp = { from: { at: '2026-01-01T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-01T00:01:40.000Z', rollout: 100 } }
    await flags.admin.create({ name: 'slow', ramp })
    const { trace, text } = await flags.explain('slow', 'ada')
    const stay = trace?.ramp?.stay
    const since = typeof stay === 'object' ? stay.since : undefined
    expect(text).toContain(`This context is in from ${since} on.`)
    await fleet.clock.advance(Date.parse(String(since)) - fleet.clock.now() - 1)
    expect(await flags.isEnabled('slow', 'ada')).toBe(false)
    await fleet.clock.advance(1)
    expect(await flags.isEnabled('slow', 'ada')).toBe(true)
  })

  test('covers a flag that does not exist, one that is disabled, and an invalid name', async () => {
    await flags.admin.create({ name: 'off', enabled: false, rollout: 100 })
    expect((await flags.explain('off', 'ada')).text).toContain('The flag is disabled: off for everybody.')
    const missing = await flags.explain('missing', 'ada')
    expect([missing.layers.at(-1)?.state, missing.trace]).toEqual(['does not exist', undefined])
    expect((await flags.explain('no flag', 'ada')).layers).toEqual([])
    expect((await flags.explain('off', 1.5)).evaluation.errorCode).toBe('INVALID_CONTEXT')
  })

  test('answers where cache and store fail, and says so', async () => {
    await flags.admin.create({ name: 'new_feature', rollout: 100 })
    let gone = false
    const broken = <T>(next: () => Promise<T>): Promise<T> => (gone ? Promise.reject(new Error('pulled')) : next())
    const client = fleet.client({
      store: around(fleet.store, { load: (next, ...args) => broken(() => next(...args)) }),
      cache: around(fleet.cache(), { read: (next, ...args) => broken(() => next(...args)) }),
    })
    await client.isEnabled('new_feature', 'ada')
    await settle()
    gone = true
    const { evaluation, layers } = await client.explain('new_feature', 'ada')
    expect(evaluation).toMatchObject({ enabled: true, source: 'memory' })
    expect(layers.at(-1)).toMatchObject({ layer: 'store', state: 'failed' })
  })

  test('rejects once the client is closed', async () => {
    const client = fleet.client()
    await fleet.clock.until(client.close())
    await expect(client.explain('x', 'ada')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('explain, where the cache', () => {
  test('fails, says that it failed, and not that it has nothing', async () => {
    await flags.admin.create({ name: 'new_feature', rollout: 100 })
    const client = fleet.client({ cache: around(fleet.cache(), { read: () => Promise.reject(new Error('pulled')) }) })
    const { layers } = await client.explain('new_feature', 'ada')
    expect(layers.slice(1, 3)).toEqual([
      { layer: 'decision', state: 'failed', why: 'The cache cannot be used: pulled' },
      { layer: 'cache', state: 'failed', why: 'The cache cannot be used: pulled' },
    ])
  })

  test('is absent, says so', async () => {
    await flags.admin.create({ name: 'new_feature', rollout: 100 })
    const why = 'there is no shared cache'
    const { layers } = await fleet.client({ cache: undefined as never }).explain('new_feature', 'ada')
    expect(layers.slice(1, 3)).toEqual([
      { layer: 'decision', state: 'not asked', why },
      { layer: 'cache', state: 'not asked', why },
    ])
  })
})

test('a change between the answer and its steps leads to another attempt', async () => {
  await flags.admin.create({ name: 'new_feature', rollout: 100 })
  let loads = 0
  const client = fleet.client({
    memory: false,
    cache: undefined as never,
    store: around(fleet.store, {
      load: async (next, ...args) => {
        if (++loads === 2) await flags.admin.update('new_feature', { enabled: false })
        return await next(...args)
      },
    }),
  })
  const { evaluation, trace } = await client.explain('new_feature', 'ada')
  expect([evaluation.version, evaluation.enabled, trace?.decision.version, trace?.decision.enabled]).toEqual([2, false, 2, false])
})

test('a key of 1 MB is shortened in the text', async () => {
  await flags.admin.create({ name: 'new_feature', rollout: 50 })
  const { evaluation, text } = await flags.explain('new_feature', 'x'.repeat(1_000_000))
  expect([evaluation.targetingKey?.length, text.length < 2_000]).toEqual([1_000_000, true])
})

test('what memory holds from before a change that cannot be read is shown as too old', async () => {
  await flags.admin.create({ name: 'new_feature', rollout: 100 })
  let gone = false
  const store = around(fleet.store, {
    load: (next, ...args) => (gone ? Promise.reject(new Error('gone')) : next(...args)),
    changesSince: (next, ...args) => (gone ? Promise.reject(new Error('gone')) : next(...args)),
  })
  const client = fleet.client({ store, cache: undefined as never })
  await client.isEnabled('new_feature', 'ada')
  gone = true
  await fleet.store.update('new_feature', { enabled: false })
  await settle()
  const { evaluation, layers } = await client.explain('new_feature', 'ada')
  expect([evaluation.reason, layers[0]]).toEqual(['STALE', { layer: 'memory', state: 'too old', version: 1, asOf: 1 }])
})

test('explaining a flag that does not exist loads it three times: for the answer, the steps and the store', async () => {
  const store = around(fleet.store)
  await fleet.client({ store, memory: false, cache: undefined as never }).explain('missing', 'ada')
  expect(store.calls['load']).toBe(3)
})
