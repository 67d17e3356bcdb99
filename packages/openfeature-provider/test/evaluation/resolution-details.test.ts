import { createFlags, type Flags, memoryStore, type NewFlag, type Variant } from '@flagstone/core'
import { type Client, ErrorCode } from '@openfeature/server-sdk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { resetSdkBetweenTests, sdkClient } from '../sdk-client.ts'

resetSdkBetweenTests()

const only = (value: Variant['value']): Pick<NewFlag, 'rollout' | 'variants'> => ({
  rollout: 100,
  variants: [{ name: 'only', value, weight: 1 }],
})
const FLAGS: readonly NewFlag[] = [
  { name: 'open', rollout: 100 },
  { name: 'shut', rollout: 0 },
  { name: 'killed', rollout: 100, enabled: false },
  { name: 'half', rollout: 50 },
  { name: 'orphan', rollout: 100, requires: [{ flag: 'shut' }] },
  { name: 'ruled', rollout: 0, rules: [{ name: 'pro', when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }] }] },
  { name: 'unnamed', rollout: 0, rules: [{ when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }] }] },
  { name: 'text', ...only('blue') },
  { name: 'number', ...only(7.5) },
  { name: 'object', ...only({ columns: 3, names: ['a'] }) },
  { name: 'list', ...only([1, 2]) },
  { name: 'null', ...only(null) },
  { name: 'yes', ...only(true) },
  { name: 'killed_yes', ...only(true), enabled: false },
  { name: 'killed_text', ...only('blue'), enabled: false },
  { name: 'drawn', rollout: 100, variants: ['a', 'b'].map((name) => ({ name, value: name, weight: 1 })) },
  { name: 'weightless', rollout: 100, variants: [{ name: 'a', value: 'a', weight: 0 }] },
]

let flags: Flags
let client: Client
beforeEach(async () => {
  flags = createFlags({ store: memoryStore({ flags: FLAGS }) })
  client = await sdkClient(flags)
})
afterEach(() => flags.close())

describe('a flag without variants', () => {
  test.each([
    ['open', true, 'on', 'STATIC'],
    ['shut', false, 'off', 'STATIC'],
    ['killed', false, 'off', 'DISABLED'],
    ['orphan', false, 'off', 'DEFAULT'],
  ])('is true or false, whatever the default: %s', async (name, value, variant, reason) => {
    for (const fallback of [true, false]) {
      expect(await client.getBooleanDetails(name, fallback, { targetingKey: 'ada' })).toMatchObject({ value, variant, reason })
    }
  })

  test('is split by the targeting key like isEnabled', async () => {
    for (const targetingKey of ['ada', 'eve', 'bob', 'user-1', 'user-2', 'user-3']) {
      const details = await client.getBooleanDetails('half', true, { targetingKey })
      const isIn = await flags.isEnabled('half', targetingKey)
      expect(details).toMatchObject({ value: isIn, variant: isIn ? 'on' : 'off', reason: 'SPLIT' })
    }
  })

  test('gives a request for another type the default, with TYPE_MISMATCH', async () => {
    expect(await client.getStringDetails('open', 'red')).toMatchObject({
      value: 'red',
      reason: 'ERROR',
      errorCode: ErrorCode.TYPE_MISMATCH,
      errorMessage: 'Flag open gives variant on, a boolean; its default is a string.',
    })
  })

  test('that is off gives a request for another type the default, with the reason', async () => {
    const details = await client.getNumberDetails('killed', 3)
    expect([details.value, details.reason, details.variant, details.errorCode]).toEqual([3, 'DISABLED', undefined, undefined])
  })
})

describe('a flag with variants', () => {
  test('gives a user who is in the value and the name of the variant, in each of the four types', async () => {
    expect(await client.getStringDetails('text', 'red')).toMatchObject({ value: 'blue', variant: 'only', reason: 'STATIC' })
    expect(await client.getNumberDetails('number', 1)).toMatchObject({ value: 7.5, variant: 'only', reason: 'STATIC' })
    expect(await client.getBooleanDetails('yes', false)).toMatchObject({ value: true, variant: 'only', reason: 'STATIC' })
    expect(await client.getObjectDetails('object', {})).toMatchObject({ value: { columns: 3, names: ['a'] }, variant: 'only' })
    expect(await client.getObjectDetails('list', [])).toMatchObject({ value: [1, 2], variant: 'only' })
  })

  test('gives a user who is out the default, with the reason and no variant', async () => {
    const details = await client.getStringDetails('killed_text', 'red')
    expect([details.value, details.reason, details.variant, details.errorCode]).toEqual(['red', 'DISABLED', undefined, undefined])
  })

  test('that is disabled is false for a boolean request, even with a default of true', async () => {
    expect(await client.getBooleanDetails('killed_yes', true)).toMatchObject({ value: false, variant: 'off', reason: 'DISABLED' })
  })

  test('of which none has weight counts as a flag without variants', async () => {
    expect(await client.getBooleanDetails('weightless', false)).toMatchObject({ value: true, variant: 'on' })
  })

  test.each([
    ['text', () => client.getNumberDetails('text', 1), 1],
    ['number', () => client.getStringDetails('number', 'a'), 'a'],
    ['text', () => client.getBooleanDetails('text', true), true],
    ['number', () => client.getObjectDetails('number', {}), {}],
    ['list', () => client.getObjectDetails('list', { a: 1 }), { a: 1 }],
    ['object', () => client.getObjectDetails('object', []), []],
    ['null', () => client.getObjectDetails('null', {}), {}],
    ['text', () => client.getObjectDetails('text', null), null],
  ])('of another type gives the default, with TYPE_MISMATCH: %s', async (_, ask, value) => {
    expect(await ask()).toMatchObject({ value, reason: 'ERROR', errorCode: ErrorCode.TYPE_MISMATCH })
  })

  test('gives an object or null for a default of null', async () => {
    expect(await client.getObjectValue('object', null)).toEqual({ columns: 3, names: ['a'] })
    expect(await client.getObjectDetails('null', null)).toMatchObject({ value: null, variant: 'only', reason: 'STATIC' })
  })

  test('gives an object that the caller may change without changing the flag', async () => {
    const mine = (await client.getObjectValue('object', {})) as { columns: number; names: string[] }
    mine.columns = 99
    mine.names.push('mine')
    expect(await client.getObjectValue('object', {})).toEqual({ columns: 3, names: ['a'] })
  })
})

describe('the default with an error code is given for', () => {
  test('a flag that does not exist', async () => {
    expect(await client.getBooleanDetails('not_there', true)).toMatchObject({
      value: true,
      reason: 'ERROR',
      errorCode: ErrorCode.FLAG_NOT_FOUND,
      errorMessage: 'Flag not_there does not exist.',
    })
    expect(await client.getStringDetails('no such name!', 'red')).toMatchObject({ value: 'red', errorCode: ErrorCode.FLAG_NOT_FOUND })
  })

  test('a rollout, or a variant, without a targeting key', async () => {
    expect(await client.getBooleanDetails('half', true)).toMatchObject({
      value: true,
      reason: 'ERROR',
      errorCode: ErrorCode.TARGETING_KEY_MISSING,
    })
    expect(await client.getStringDetails('drawn', 'c')).toMatchObject({ value: 'c', errorCode: ErrorCode.TARGETING_KEY_MISSING })
  })
})

describe('the flag metadata', () => {
  test('has the version, the layer, the clock and what decided', async () => {
    const ada = { targetingKey: 'ada', plan: 'pro' }
    const metadataOf = async (name: string) => (await client.getBooleanDetails(name, false, ada)).flagMetadata
    const asOf = FLAGS.length
    const bucket = (await flags.evaluate('half', ada)).bucket
    expect(await metadataOf('half')).toEqual({ version: 4, source: 'memory', asOf, rollout: 50, bucket })
    expect(await metadataOf('open')).toEqual({ version: 1, source: 'store', asOf, rollout: 100 })
    expect(await metadataOf('open')).toEqual({ version: 1, source: 'memory', asOf, rollout: 100 })
    expect(await metadataOf('ruled')).toMatchObject({ rollout: 100, rule: 'pro' })
    expect(await metadataOf('unnamed')).toMatchObject({ rollout: 100, rule: 0 })
    expect(await metadataOf('orphan')).toMatchObject({ unmet: 'shut' })
    expect(await metadataOf('text')).toMatchObject({ version: 8 })
    expect(await metadataOf('not_there')).toEqual({ source: 'store', asOf })
  })

  test('is what the option flagMetadata returns', async () => {
    const own = await sdkClient(flags, { flagMetadata: ({ name, reason }, { version = 0 }) => ({ version, name, reason }) })
    expect((await own.getBooleanDetails('killed', false)).flagMetadata).toEqual({ version: 3, name: 'killed', reason: 'DISABLED' })
    expect((await own.getStringDetails('open', 'red')).flagMetadata).toEqual({ version: 1, name: 'open', reason: 'STATIC' })
  })
})
