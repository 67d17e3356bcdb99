import { createFlags, type Flags, memoryStore, type NewFlag, type Operator } from '@flagstone/core'
import { type Client, ErrorCode, type EvaluationContext, OpenFeature } from '@openfeature/server-sdk'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anyHostileContext } from '../../../core/test/evaluate/arbitraries.ts'
import { flagstoneProvider } from '../../src/index.ts'
import { resetSdkBetweenTests, sdkClient } from '../sdk-client.ts'

resetSdkBetweenTests()

const asking = (name: string, attribute: string, operator: Operator, value: string | number | boolean): NewFlag => ({
  name,
  rules: [{ when: [{ attribute, operator, value }] }],
})
const FLAGS: readonly NewFlag[] = [
  asking('for_ada', 'targetingKey', 'equals', 'ada'),
  asking('for_42', 'targetingKey', 'equals', '42'),
  asking('since_2026', 'joined', 'after', '2026-01-01T00:00:00Z'),
  asking('viennese', 'company.address.city', 'equals', 'Vienna'),
  asking('admins', 'roles', 'contains', 'admin'),
  asking('grown', 'age', 'greaterOrEqual', 18),
  asking('paying', 'paying', 'equals', true),
  { name: 'half', rollout: 50 },
]

let flags: Flags
let client: Client
beforeEach(async () => {
  flags = createFlags({ store: memoryStore({ flags: FLAGS }) })
  client = await sdkClient(flags)
})
afterEach(() => flags.close())

describe('a context', () => {
  test.each<[string, EvaluationContext, EvaluationContext]>([
    ['for_ada', { targetingKey: 'ada' }, { targetingKey: 'eve' }],
    ['since_2026', { joined: new Date('2026-03-01') }, { joined: new Date('2025-03-01') }],
    ['since_2026', { joined: '2026-03-01T00:00:00Z' }, { joined: 'yesterday' }],
    ['viennese', { company: { address: { city: 'Vienna' } } }, { company: { address: { city: 'Graz' } } }],
    ['admins', { roles: ['editor', 'admin'] }, { roles: ['editor'] }],
    ['grown', { age: 18 }, { age: null }],
    ['paying', { paying: true }, { paying: 'true' }],
  ])('means the same to Flagstone and to OpenFeature: %s', async (name, inside, outside) => {
    expect(await client.getBooleanDetails(name, false, inside)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' })
    expect(await client.getBooleanDetails(name, true, outside)).toMatchObject({ value: false, reason: 'DEFAULT' })
  })

  test('may have a whole number as its targeting key, which is used as a string', async () => {
    for (const more of [{}, { plan: 'pro' }]) {
      const context = { targetingKey: 42, ...more } as unknown as EvaluationContext
      expect(await client.getBooleanDetails('for_42', false, context)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' })
      expect(await client.getBooleanValue('half', false, context)).toBe(await flags.isEnabled('half', 42))
    }
  })

  test.each([null, undefined, ''])('whose targeting key is %j has none', async (targetingKey) => {
    const context = { targetingKey, plan: 'pro' } as unknown as EvaluationContext
    expect((await client.getBooleanDetails('half', false, context)).errorCode).toBe(ErrorCode.TARGETING_KEY_MISSING)
    expect((await client.getBooleanDetails('for_ada', false, context)).reason).toBe('DEFAULT')
  })

  test.each([1.5, Number.NaN, true, {}, ['ada'], new Date(0)])('whose targeting key is %j is INVALID_CONTEXT', async (targetingKey) => {
    const details = await client.getBooleanDetails('half', true, { targetingKey } as unknown as EvaluationContext)
    expect(details).toMatchObject({ value: true, reason: 'ERROR', errorCode: ErrorCode.INVALID_CONTEXT })
  })

  test('of the API, the transaction and the client are merged by the SDK before Flagstone sees them', async () => {
    OpenFeature.setContext({ targetingKey: 'eve', age: 18 })
    client.setContext({ targetingKey: 'ada' })
    expect([await client.getBooleanValue('for_ada', false), await client.getBooleanValue('grown', false)]).toEqual([true, true])
    OpenFeature.setContext({})
  })
})

describe('a hostile context', () => {
  const trap = new Proxy(
    {},
    {
      get() {
        throw new Error('hostile')
      },
      ownKeys() {
        throw new Error('hostile')
      },
    },
  )
  const getter = Object.defineProperty({ targetingKey: 42 }, 'plan', {
    enumerable: true,
    get() {
      throw new Error('hostile')
    },
  })

  test.each([
    ['a proxy that throws', trap],
    ['a getter that throws, beside a number', getter],
    ['a function', () => 'ada'],
    ['null', null],
  ])('is INVALID_CONTEXT, or one without a key: %s', async (_, context) => {
    const details = await flagstoneProvider(flags).resolveBooleanEvaluation('half', true, context as never)
    expect(details.value).toBe(true)
    expect([ErrorCode.INVALID_CONTEXT, ErrorCode.TARGETING_KEY_MISSING]).toContain(details.errorCode)
  })

  test('of any kind never throws', async () => {
    const provider = flagstoneProvider(flags)
    await fc.assert(
      fc.asyncProperty(anyHostileContext, fc.constantFrom(...FLAGS.map(({ name }) => name)), async (context, name) => {
        const details = await provider.resolveBooleanEvaluation(name, false, context as never)
        expect(typeof details.value).toBe('boolean')
      }),
      { numRuns: 300 },
    )
  })
})
