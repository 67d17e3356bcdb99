import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { evaluateAll, evaluateOne, flagsByKey } from './ofrep-requests.ts'

const ADA = { targetingKey: 'ada', plan: 'pro' }
const PRO = [{ attribute: 'plan', operator: 'equals', value: 'pro' }] as const
const COLOURS = [
  { name: 'blue', value: 'blue', weight: 1 },
  { name: 'red', value: 'red', weight: 0 },
]

let fixture: HandlerFixture
beforeEach(() => {
  fixture = new HandlerFixture()
})
afterEach(() => fixture.close())

async function both(key: string, context: unknown = ADA): Promise<Record<string, unknown>> {
  const one = await (await evaluateOne(fixture, key, context)).json()
  expect((await flagsByKey(await evaluateAll(fixture, context)))[key]).toEqual(one)
  return one as Record<string, unknown>
}

describe('one flag and all flags have the same result', () => {
  test('a flag without variants is true or false, on or off', async () => {
    await fixture.store.create({ name: 'on', rollout: 100 })
    await fixture.store.create({ name: 'nobody', rollout: 0 })
    await fixture.store.create({ name: 'half', rollout: 50 })
    const metadata = { version: 1, source: 'memory' }
    expect(await both('on')).toEqual({ key: 'on', value: true, variant: 'on', reason: 'STATIC', metadata })
    const off = { key: 'nobody', value: false, variant: 'off', reason: 'STATIC', metadata: { ...metadata, version: 2 } }
    expect(await both('nobody')).toEqual(off)
    const { enabled } = await fixture.flags.evaluate('half', 'ada')
    expect(await both('half')).toMatchObject({ value: enabled, reason: 'SPLIT' })
  })

  test('a disabled flag is false, with the reason DISABLED', async () => {
    await fixture.store.create({ name: 'killed', rollout: 100, enabled: false })
    expect(await both('killed')).toMatchObject({ value: false, variant: 'off', reason: 'DISABLED' })
  })

  test('a flag with variants has a value for a user who is in, and none for one who is out', async () => {
    await fixture.store.create({ name: 'in', rollout: 100, variants: COLOURS })
    await fixture.store.create({ name: 'out', rollout: 0, variants: COLOURS })
    expect(await both('in')).toMatchObject({ value: 'blue', variant: 'blue', reason: 'STATIC' })
    const out = await both('out')
    expect(out).toMatchObject({ key: 'out', reason: 'STATIC' })
    expect(out).not.toHaveProperty('value')
    expect(out).not.toHaveProperty('variant')
  })

  test('boolean variants are false for a user who is out, so that a kill switch works', async () => {
    const variants = [{ name: 'yes', value: true, weight: 1 }]
    await fixture.store.create({ name: 'in', rollout: 100, variants: [{ name: 'no', value: false, weight: 1 }] })
    await fixture.store.create({ name: 'killed', enabled: false, variants })
    expect(await both('in')).toMatchObject({ value: false, variant: 'no' })
    expect(await both('killed')).toMatchObject({ value: false, reason: 'DISABLED' })
  })

  test('a value may have any JSON type', async () => {
    const values = ['', 'text', 7, 0.5, { columns: 3 }, [1, 'two'], null, false]
    for (const [index, value] of values.entries()) {
      await fixture.store.create({ name: `v${index}`, rollout: 100, variants: [{ name: 'it', value, weight: 1 }] })
    }
    const found = await flagsByKey(await evaluateAll(fixture, ADA))
    expect(values.map((_, index) => found[`v${index}`]?.['value'])).toEqual(values)
  })

  test('rules see the attributes of the context', async () => {
    await fixture.store.create({ name: 'ruled', rollout: 0, rules: [{ when: [...PRO] }] })
    expect(await both('ruled')).toMatchObject({ value: true, reason: 'TARGETING_MATCH' })
  })

  test('a reason that OFREP lacks is UNKNOWN, and stands in the metadata', async () => {
    await fixture.store.create({ name: 'ruled', rollout: 100, rules: [{ when: [...PRO], rollout: 0 }] })
    expect(await both('ruled', { targetingKey: 'eve' })).toMatchObject({ value: true, reason: 'UNKNOWN', metadata: { reason: 'DEFAULT' } })
  })

  test('the result reveals no rule, rollout or bucket', async () => {
    await fixture.store.create({ name: 'half', rollout: 50, rules: [{ name: 'secret', when: [...PRO], rollout: 50 }] })
    const { metadata, ...answer } = await both('half')
    expect(Object.keys(answer).sort()).toEqual(['key', 'reason', 'value', 'variant'])
    expect(Object.keys(metadata as object).sort()).toEqual(['source', 'version'])
  })
})

describe('the response for all flags', () => {
  test('has flags of one version, which stands in the metadata', async () => {
    await fixture.store.create({ name: 'one' })
    await fixture.store.create({ name: 'two' })
    expect(await (await evaluateAll(fixture, ADA)).json()).toMatchObject({ metadata: { version: 2 } })
  })

  test('is empty if there are no flags', async () => {
    const response = await evaluateAll(fixture, ADA)
    expect([response.status, await response.json()]).toEqual([200, { flags: [], metadata: { version: 0 } }])
  })

  test('leaves segments out', async () => {
    await fixture.flags.admin.segments.create({ name: 'staff', members: ['ada'] })
    await fixture.store.create({ name: 'one' })
    expect(Object.keys(await flagsByKey(await evaluateAll(fixture, ADA)))).toEqual(['one'])
  })
})
