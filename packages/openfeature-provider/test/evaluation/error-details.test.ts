import { createFlags, defineFlags, type Evaluation, FlagsError, type FlagsErrorCode, memoryStore } from '@flagstone/core'
import { ErrorCode } from '@openfeature/server-sdk'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Fleet } from '../../../core/test/client-fleet.ts'
import { flagstoneProvider } from '../../src/index.ts'
import { failingStore } from '../failing-store.ts'
import { resetSdkBetweenTests, sdkClient } from '../sdk-client.ts'

resetSdkBetweenTests()

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

test('a store that cannot be read gives the default with GENERAL, the reason ERROR and a message', async () => {
  const { store } = failingStore(fleet.store, { isFailing: true })
  const client = await sdkClient(fleet.client({ store, cache: undefined as never }))
  expect(await client.getBooleanDetails('new_feature', true)).toMatchObject({
    value: true,
    reason: 'ERROR',
    errorCode: ErrorCode.GENERAL,
    errorMessage: expect.stringMatching(/^STORE_UNAVAILABLE: .*away/),
    flagMetadata: { source: 'default' },
  })
})

test('a stale value is served, with the reason STALE', async () => {
  const store = failingStore(fleet.store)
  const client = await sdkClient(fleet.client({ store: store.store, cache: undefined as never }))
  expect(await client.getBooleanDetails('new_feature', false)).toMatchObject({ value: true, reason: 'STATIC' })
  store.isFailing = true
  await fleet.clock.advance(31_000)
  expect(await client.getBooleanDetails('new_feature', false)).toMatchObject({ value: true, variant: 'on', reason: 'STALE' })
})

test('a flag with onUnavailable: throw gives the default with an error, as OpenFeature demands', async () => {
  const { store } = failingStore(memoryStore(), { isFailing: true })
  const schema = defineFlags({ guarded: { default: true, onUnavailable: 'throw' } })
  const flags = createFlags({ store, schema, clock: fleet.clock })
  const client = await sdkClient(flags)
  expect(await client.getBooleanDetails('guarded', false)).toMatchObject({
    value: false,
    reason: 'ERROR',
    errorCode: ErrorCode.GENERAL,
    errorMessage: expect.stringMatching(/^STORE_UNAVAILABLE: /),
  })
  await fleet.clock.until(flags.close())
})

test('a closed client is fatal', async () => {
  const flags = fleet.client()
  const client = await sdkClient(flags)
  await flags.close()
  expect(await client.getBooleanDetails('new_feature', true)).toMatchObject({
    value: true,
    reason: 'ERROR',
    errorCode: ErrorCode.PROVIDER_FATAL,
    errorMessage: 'CLOSED: The client is closed.',
  })
})

const answering = (errorCode: FlagsErrorCode, enabled: boolean) => async (): Promise<Evaluation> => ({
  name: 'new_feature',
  enabled,
  reason: 'STATIC',
  source: 'memory',
  errorCode,
  errorMessage: 'why',
})

test.each([
  ['FLAG_NOT_FOUND', ErrorCode.FLAG_NOT_FOUND, 'why'],
  ['TARGETING_KEY_MISSING', ErrorCode.TARGETING_KEY_MISSING, 'why'],
  ['TYPE_MISMATCH', ErrorCode.TYPE_MISMATCH, 'why'],
  ['PARSE_ERROR', ErrorCode.PARSE_ERROR, 'why'],
  ['INVALID_CONTEXT', ErrorCode.INVALID_CONTEXT, 'why'],
  ['CLOSED', ErrorCode.PROVIDER_FATAL, 'CLOSED: why'],
  ['RECORD_TOO_NEW', ErrorCode.GENERAL, 'RECORD_TOO_NEW: why'],
  ['STORE_TIMEOUT', ErrorCode.GENERAL, 'STORE_TIMEOUT: why'],
  ['SCHEMA_MISSING', ErrorCode.GENERAL, 'SCHEMA_MISSING: why'],
] as const)('%s becomes %s, and gives the default whether the flag is on or off', async (code, errorCode, errorMessage) => {
  for (const enabled of [true, false]) {
    const provider = flagstoneProvider({ ...fleet.client(), evaluate: answering(code, enabled) } as never)
    const details = await provider.resolveBooleanEvaluation('new_feature', !enabled, {})
    expect(details).toMatchObject({ value: !enabled, reason: 'ERROR', errorCode, errorMessage })
  }
})

test('any other rejection becomes GENERAL', async () => {
  for (const [thrown, errorMessage] of [
    [new Error('surprise'), 'surprise'],
    ['not even an error', 'not even an error'],
    [new FlagsError('GENERAL', 'oh'), 'GENERAL: oh'],
  ] as const) {
    const provider = flagstoneProvider({ evaluate: () => Promise.reject(thrown) } as never)
    const details = await provider.resolveStringEvaluation('new_feature', 'red', {})
    expect(details).toEqual({ value: 'red', reason: 'ERROR', errorCode: ErrorCode.GENERAL, errorMessage, flagMetadata: {} })
  }
})
