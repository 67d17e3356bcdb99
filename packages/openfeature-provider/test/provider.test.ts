import { createFlags, defineFlags, memoryStore } from '@flagstone/core'
import { createTestFlags } from '@flagstone/core/testing'
import { OpenFeature } from '@openfeature/server-sdk'
import { expect, test, vi } from 'vitest'
import { flagstoneProvider } from '../src/index.ts'
import { resetSdkBetweenTests, sdkClient } from './sdk-client.ts'

resetSdkBetweenTests()

test('a provider has a name, and runs on servers', () => {
  const { metadata, runsOn } = flagstoneProvider(createTestFlags())
  expect([metadata, runsOn]).toEqual([{ name: 'flagstone' }, 'server'])
})

test('tracking events are passed on, with the merged context and the details', async () => {
  const onTrack = vi.fn()
  const client = await sdkClient(createTestFlags(), { onTrack })
  client.setContext({ targetingKey: 'ada' })
  client.track('checkout', { plan: 'pro' }, { value: 99.5, currency: 'EUR' })
  expect(onTrack.mock.calls).toEqual([['checkout', { targetingKey: 'ada', plan: 'pro' }, { value: 99.5, currency: 'EUR' }]])
})

test('an error in the host’s own functions is a process warning, and breaks nothing', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const flags = createFlags({ store: memoryStore({ flags: [{ name: 'new_feature', rollout: 0 }] }) })
  const client = await sdkClient(flags, {
    onTrack: async (name) => Promise.reject(new Error(`no queue for ${name}`)),
    flagMetadata: () => {
      throw new Error('no metadata')
    },
  })
  client.track('checkout')
  for (const _ of [1, 2]) {
    const { value, reason, flagMetadata } = await client.getBooleanDetails('new_feature', true, { targetingKey: 'ada' })
    expect([value, reason, flagMetadata]).toMatchObject([false, 'STATIC', { version: 1 }])
  }
  expect(warned.mock.calls.map(([text]) => String(text).split('\n')[0])).toEqual([
    'onTrack of flagstoneProvider() threw: Error: no queue for checkout',
    'flagMetadata of flagstoneProvider() threw: Error: no metadata',
  ])
  warned.mockRestore()
  await flags.close()
})

test('tracking events without onTrack are dropped', () => {
  expect(flagstoneProvider(createTestFlags()).track('checkout', {}, {})).toBeUndefined()
})

test('an unknown option, or one that is not a function, is refused by name', () => {
  const flags = createTestFlags()
  expect(() => flagstoneProvider(flags, { onTrak: () => undefined } as never)).toThrow('There is no option onTrak.')
  expect(() => flagstoneProvider(flags, { onTrack: true } as never)).toThrow('The option onTrack must be a function.')
  expect(() => flagstoneProvider(flags, null as never)).toThrow('The options of flagstoneProvider() are an object.')
  expect(() => flagstoneProvider(undefined as never)).toThrow(
    'flagstoneProvider() takes a client: flagstoneProvider(createFlags({ store })).',
  )
})

test('a provider over createTestFlags() sees overrides', async () => {
  const flags = createTestFlags({ new_feature: true, rows: 50 })
  const client = await sdkClient(flags)
  expect([await client.getBooleanValue('new_feature', false), await client.getNumberValue('rows', 10)]).toEqual([true, 50])
  {
    using _ = flags.override({ new_feature: false, rows: 20 })
    expect([await client.getBooleanValue('new_feature', true), await client.getNumberValue('rows', 10)]).toEqual([false, 20])
  }
})

test('a client may have a schema', async () => {
  const schema = defineFlags({ new_feature: { default: false } })
  await using flags = createFlags({ store: memoryStore({ flags: [{ name: 'new_feature', rollout: 100 }] }), schema })
  const client = await sdkClient(flags)
  expect(await client.getBooleanValue('new_feature', false)).toBe(true)
})

test('closing OpenFeature leaves the client open', async () => {
  const flags = createFlags({ store: memoryStore({ flags: [{ name: 'new_feature', rollout: 100 }] }) })
  await sdkClient(flags)
  await OpenFeature.close()
  expect(await flags.isEnabled('new_feature')).toBe(true)
  await flags.close()
})
