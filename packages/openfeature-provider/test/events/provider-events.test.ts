import { defineFlags, type Flags, FlagsError } from '@flagstone/core'
import { type Client, OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Fleet } from '../../../core/test/client-fleet.ts'
import { settle } from '../../../core/test/manual-clock.ts'
import { flagstoneProvider } from '../../src/index.ts'
import { type FailingStore, failingStore } from '../failing-store.ts'
import { resetSdkBetweenTests } from '../sdk-client.ts'

resetSdkBetweenTests()

let fleet: Fleet
let state: FailingStore
let count = 0
beforeEach(async () => {
  fleet = new Fleet()
  state = failingStore(fleet.store)
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

interface RecordedEvents {
  readonly client: Client
  /** The events, each with its changed flags or its message. */
  readonly emitted: string[]
}

/** An SDK client that records its events from before its provider is set. */
function recordEvents(domain = `events-${++count}`): RecordedEvents {
  const client = OpenFeature.getClient(domain)
  const emitted: string[] = []
  for (const event of Object.values(ProviderEvents)) {
    client.addHandler(event, (details) => {
      const changed = details !== undefined && 'flagsChanged' in details ? (details.flagsChanged as string[]) : undefined
      emitted.push([event.replace('PROVIDER_', ''), changed?.join() ?? details?.message].filter(Boolean).join(': '))
    })
  }
  emitted.length = 0
  return { client, emitted }
}

function client(): Flags {
  return fleet.client({ store: state.store, cache: undefined as never })
}

async function setProvider({ client: { metadata } }: RecordedEvents, flags: Flags): Promise<void> {
  await OpenFeature.setProviderAndWait(String(metadata.domain), flagstoneProvider(flags))
}

const STALE = 'STALE: The store has not answered for 30 s: flags may have changed since.'
const AGAIN = 'READY: The store answers again.'

describe('the status', () => {
  test('is READY, emitted once, when the client is ready', async () => {
    const recorded = recordEvents()
    await setProvider(recorded, client())
    await settle()
    expect([recorded.emitted, recorded.client.providerStatus]).toEqual([['READY'], ProviderStatus.READY])
  })

  test('is STALE when the lease has run out, and READY when the store answers again', async () => {
    const recorded = recordEvents()
    await setProvider(recorded, client())
    state.isFailing = true
    await fleet.clock.advance(29_999)
    expect(recorded.client.providerStatus).toBe(ProviderStatus.READY)
    await fleet.clock.advance(1)
    expect([recorded.emitted, recorded.client.providerStatus]).toEqual([['READY', STALE], ProviderStatus.STALE])
    state.isFailing = false
    await fleet.clock.advance(2_000)
    expect([recorded.emitted, recorded.client.providerStatus]).toEqual([['READY', STALE, AGAIN], ProviderStatus.READY])
  })

  test('is ERROR if the store cannot be reached at first, and READY as soon as it can', async () => {
    state.isFailing = true
    const recorded = recordEvents()
    await expect(setProvider(recorded, client())).rejects.toMatchObject({ code: 'GENERAL', message: expect.stringContaining('away') })
    expect(recorded.client.providerStatus).toBe(ProviderStatus.ERROR)
    expect(recorded.emitted).toEqual([expect.stringMatching(/^ERROR: STORE_UNAVAILABLE: .*away/)])
    expect(await recorded.client.getBooleanValue('new_feature', false)).toBe(false)
    await fleet.clock.advance(60_000)
    state.isFailing = false
    await fleet.clock.advance(2_000)
    expect([recorded.emitted.slice(1), recorded.client.providerStatus]).toEqual([[AGAIN], ProviderStatus.READY])
    expect(await recorded.client.getBooleanValue('new_feature', false)).toBe(true)
  })

  test.each(['SCHEMA_MISSING', 'SCHEMA_OLD'] as const)('is FATAL at %s, until somebody migrates', async (code) => {
    state.isFailing = true
    state.error = new FlagsError(code, 'Run migrate().')
    const recorded = recordEvents()
    await expect(setProvider(recorded, client())).rejects.toMatchObject({
      code: 'PROVIDER_FATAL',
      message: `${code}: Run migrate().`,
      cause: state.error,
    })
    expect([recorded.client.providerStatus, await recorded.client.getBooleanValue('new_feature', false)]).toEqual([
      ProviderStatus.FATAL,
      false,
    ])
    state.isFailing = false
    await fleet.clock.advance(2_000)
    expect([recorded.client.providerStatus, await recorded.client.getBooleanValue('new_feature', false)]).toEqual([
      ProviderStatus.READY,
      true,
    ])
  })

  test('is FATAL with a closed client', async () => {
    const flags = client()
    await flags.close()
    const recorded = recordEvents()
    await expect(setProvider(recorded, flags)).rejects.toMatchObject({ code: 'PROVIDER_FATAL', message: 'CLOSED: The client is closed.' })
    expect(recorded.client.providerStatus).toBe(ProviderStatus.FATAL)
  })

  test.each([
    ['the default', {}],
    ['an error', { new_feature: { default: false, onUnavailable: 'throw' } }],
  ] as const)(
    'is FATAL, emitted once, as soon as an evaluation finds the client closed, if the client answers with %s',
    async (_, schema) => {
      const flags = fleet.client({ store: state.store, cache: undefined as never, schema: defineFlags(schema) })
      const recorded = recordEvents()
      await setProvider(recorded, flags)
      await flags.close()
      const answers = await Promise.all([1, 2].map(() => recorded.client.getBooleanDetails('new_feature', true, { targetingKey: 'ada' })))
      expect(answers).toMatchObject(Array(2).fill({ value: true, errorCode: 'PROVIDER_FATAL' }))
      expect([recorded.emitted, recorded.client.providerStatus]).toEqual([
        ['READY', 'ERROR: CLOSED: The client is closed.'],
        ProviderStatus.FATAL,
      ])
    },
  )

  test('stays FATAL with a client that was closed after it had been ready', async () => {
    const flags = client()
    await flags.ready()
    await flags.close()
    const recorded = recordEvents()
    await expect(setProvider(recorded, flags)).rejects.toMatchObject({ code: 'PROVIDER_FATAL' })
    await settle()
    expect(recorded.client.providerStatus).toBe(ProviderStatus.FATAL)
  })

  test('is STALE right after READY if the client was stale before', async () => {
    const flags = client()
    await flags.ready()
    state.isFailing = true
    await fleet.clock.advance(30_000)
    const recorded = recordEvents()
    await setProvider(recorded, flags)
    await settle()
    expect([recorded.emitted, recorded.client.providerStatus]).toEqual([['READY', STALE], ProviderStatus.STALE])
  })
})

describe('a change', () => {
  test('is emitted with the names of the flags', async () => {
    const flags = client()
    const recorded = recordEvents()
    await setProvider(recorded, flags)
    await flags.admin.update('new_feature', { rollout: 50 })
    await settle()
    expect(recorded.emitted.slice(1)).toEqual(['CONFIGURATION_CHANGED: new_feature'])
    expect(recorded.client.providerStatus).toBe(ProviderStatus.READY)
  })

  test('of two flags that is found at once is one event', async () => {
    await fleet.store.create({ name: 'other' })
    const recorded = recordEvents()
    await setProvider(recorded, fleet.deaf({ store: state.store }))
    await fleet.store.update('new_feature', { rollout: 50 })
    await fleet.store.update('other', { rollout: 50 })
    await fleet.clock.advance(2_000)
    expect(recorded.emitted.slice(1)).toEqual(['CONFIGURATION_CHANGED: new_feature,other'])
  })

  test('of a segment names no flags, because any flag may use it', async () => {
    const flags = client()
    const recorded = recordEvents()
    await setProvider(recorded, flags)
    await flags.admin.segments.create({ name: 'staff', members: ['ada'] })
    await settle()
    expect(recorded.emitted.slice(1)).toEqual(['CONFIGURATION_CHANGED: Changed: segment:staff.'])
  })

  test('of the whole store, which went back, names no flags', async () => {
    const recorded = recordEvents()
    const flags = client()
    await setProvider(recorded, flags)
    await flags.admin.update('new_feature', { rollout: 50 })
    await settle()
    const before = recorded.emitted.length
    const restored = new Fleet()
    await restored.store.create({ name: 'new_feature', rollout: 0 })
    state.restore(restored.store)
    await fleet.clock.advance(10_000)
    expect(recorded.emitted.slice(before)).toEqual([
      expect.stringMatching(/^CONFIGURATION_CHANGED: The store is another database now, at version 1/),
    ])
    await restored.end()
  })
})

describe('after the shutdown', () => {
  test('nothing is emitted any more, and the client stays open', async () => {
    const flags = client()
    const recorded = recordEvents()
    await setProvider(recorded, flags)
    void flags.admin.update('new_feature', { rollout: 50 })
    await OpenFeature.clearProviders()
    const before = recorded.emitted.length
    await flags.admin.update('new_feature', { rollout: 100 })
    state.isFailing = true
    await fleet.clock.advance(30_000)
    expect(recorded.emitted.slice(before)).toEqual([])
    expect((await flags.evaluate('new_feature', 'ada')).enabled).toBe(true)
  })

  test('a provider can be set again', async () => {
    const provider = flagstoneProvider(client())
    const recorded = recordEvents()
    const domain = String(recorded.client.metadata.domain)
    await OpenFeature.setProviderAndWait(domain, provider)
    await provider.onClose()
    await provider.onClose()
    await OpenFeature.clearProviders()
    await OpenFeature.setProviderAndWait(domain, provider)
    state.isFailing = true
    await fleet.clock.advance(30_000)
    expect(recorded.client.providerStatus).toBe(ProviderStatus.STALE)
  })

  test('that comes during the initialization, its result is not emitted', async () => {
    const flags = client()
    await flags.ready()
    state.isFailing = true
    await fleet.clock.advance(30_000)
    const provider = flagstoneProvider(flags)
    const emitted: string[] = []
    provider.events.addHandler(ProviderEvents.Stale, () => emitted.push('stale'))
    const beginning = provider.initialize()
    await provider.onClose()
    await beginning
    await settle()
    expect(emitted).toEqual([])
  })
})

test('two providers with one client emit the same events', async () => {
  const flags = client()
  const [one, two] = [recordEvents(), recordEvents()]
  await Promise.all([setProvider(one, flags), setProvider(two, flags)])
  await flags.admin.update('new_feature', { rollout: 50 })
  await settle()
  expect([one.emitted, two.emitted]).toEqual(Array(2).fill(['READY', 'CONFIGURATION_CHANGED: new_feature']))
})
