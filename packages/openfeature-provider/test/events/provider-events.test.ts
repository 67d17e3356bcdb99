import { defineFlags, type Flags, FlagsError } from '@flagstone/core'
import { type Client, OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { World } from '../../../core/test/world.ts'
import { flagstoneProvider } from '../../src/index.ts'
import { type FailingStore, failingStore } from '../failing-store.ts'
import { resetSdkBetweenTests } from '../sdk-client.ts'

resetSdkBetweenTests()

let world: World
let state: FailingStore
let count = 0
beforeEach(async () => {
  world = new World()
  state = failingStore(world.store)
  await world.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => world.end())

interface Watched {
  readonly client: Client
  /** Names of events, with the flags or the message that came with them. */
  readonly told: string[]
}

/** A client of the SDK whose events are written down, before any provider is there. */
function watched(domain = `events-${++count}`): Watched {
  const client = OpenFeature.getClient(domain)
  const told: string[] = []
  for (const event of Object.values(ProviderEvents)) {
    client.addHandler(event, (details) => {
      const changed = details !== undefined && 'flagsChanged' in details ? (details.flagsChanged as string[]) : undefined
      told.push([event.replace('PROVIDER_', ''), changed?.join() ?? details?.message].filter(Boolean).join(': '))
    })
  }
  told.length = 0
  return { client, told }
}

function client(): Flags {
  return world.client({ store: state.store, cache: undefined as never })
}

async function serve({ client: { metadata } }: Watched, flags: Flags): Promise<void> {
  await OpenFeature.setProviderAndWait(String(metadata.domain), flagstoneProvider(flags))
}

const STALE = 'STALE: The store has not answered for 30 s: flags may have changed since.'
const AGAIN = 'READY: The store answers again.'

describe('the status', () => {
  test('is READY, told once, when the client is', async () => {
    const watching = watched()
    await serve(watching, client())
    await settle()
    expect([watching.told, watching.client.providerStatus]).toEqual([['READY'], ProviderStatus.READY])
  })

  test('is STALE when the lease has run out, and READY again when the store is heard', async () => {
    const watching = watched()
    await serve(watching, client())
    state.isFailing = true
    await world.clock.advance(29_999)
    expect(watching.client.providerStatus).toBe(ProviderStatus.READY)
    await world.clock.advance(1)
    expect([watching.told, watching.client.providerStatus]).toEqual([['READY', STALE], ProviderStatus.STALE])
    state.isFailing = false
    await world.clock.advance(2_000)
    expect([watching.told, watching.client.providerStatus]).toEqual([['READY', STALE, AGAIN], ProviderStatus.READY])
  })

  test('is ERROR where the store cannot be reached at first, and READY as soon as it can', async () => {
    state.isFailing = true
    const watching = watched()
    await expect(serve(watching, client())).rejects.toMatchObject({ code: 'GENERAL', message: expect.stringContaining('away') })
    expect(watching.client.providerStatus).toBe(ProviderStatus.ERROR)
    expect(watching.told).toEqual([expect.stringMatching(/^ERROR: STORE_UNAVAILABLE: .*away/)])
    expect(await watching.client.getBooleanValue('new_feature', false)).toBe(false)
    await world.clock.advance(60_000)
    state.isFailing = false
    await world.clock.advance(2_000)
    expect([watching.told.slice(1), watching.client.providerStatus]).toEqual([[AGAIN], ProviderStatus.READY])
    expect(await watching.client.getBooleanValue('new_feature', false)).toBe(true)
  })

  test.each(['SCHEMA_MISSING', 'SCHEMA_OLD'] as const)('is FATAL at %s, until somebody migrates', async (code) => {
    state.isFailing = true
    state.error = new FlagsError(code, 'Run migrate().')
    const watching = watched()
    await expect(serve(watching, client())).rejects.toMatchObject({
      code: 'PROVIDER_FATAL',
      message: `${code}: Run migrate().`,
      cause: state.error,
    })
    expect([watching.client.providerStatus, await watching.client.getBooleanValue('new_feature', false)]).toEqual([
      ProviderStatus.FATAL,
      false,
    ])
    state.isFailing = false
    await world.clock.advance(2_000)
    expect([watching.client.providerStatus, await watching.client.getBooleanValue('new_feature', false)]).toEqual([
      ProviderStatus.READY,
      true,
    ])
  })

  test('is FATAL over a client that is closed', async () => {
    const flags = client()
    await flags.close()
    const watching = watched()
    await expect(serve(watching, flags)).rejects.toMatchObject({ code: 'PROVIDER_FATAL', message: 'CLOSED: The client is closed.' })
    expect(watching.client.providerStatus).toBe(ProviderStatus.FATAL)
  })

  test.each([
    ['the default', {}],
    ['nothing, as it must not guess', { new_feature: { default: false, onUnavailable: 'throw' } }],
  ] as const)('is FATAL, told once, as soon as an answer finds the client closed, where its own answer is %s', async (_, schema) => {
    const flags = world.client({ store: state.store, cache: undefined as never, schema: defineFlags(schema) })
    const watching = watched()
    await serve(watching, flags)
    await flags.close()
    const answers = await Promise.all([1, 2].map(() => watching.client.getBooleanDetails('new_feature', true, { targetingKey: 'ada' })))
    expect(answers).toMatchObject(Array(2).fill({ value: true, errorCode: 'PROVIDER_FATAL' }))
    expect([watching.told, watching.client.providerStatus]).toEqual([
      ['READY', 'ERROR: CLOSED: The client is closed.'],
      ProviderStatus.FATAL,
    ])
  })

  test('stays FATAL over a client that was closed after it had been ready', async () => {
    const flags = client()
    await flags.ready()
    await flags.close()
    const watching = watched()
    await expect(serve(watching, flags)).rejects.toMatchObject({ code: 'PROVIDER_FATAL' })
    await settle()
    expect(watching.client.providerStatus).toBe(ProviderStatus.FATAL)
  })

  test('is STALE right after READY where the client was stale before', async () => {
    const flags = client()
    await flags.ready()
    state.isFailing = true
    await world.clock.advance(30_000)
    const watching = watched()
    await serve(watching, flags)
    await settle()
    expect([watching.told, watching.client.providerStatus]).toEqual([['READY', STALE], ProviderStatus.STALE])
  })
})

describe('a change', () => {
  test('is told with the names of the flags', async () => {
    const flags = client()
    const watching = watched()
    await serve(watching, flags)
    await flags.admin.update('new_feature', { rollout: 50 })
    await settle()
    expect(watching.told.slice(1)).toEqual(['CONFIGURATION_CHANGED: new_feature'])
    expect(watching.client.providerStatus).toBe(ProviderStatus.READY)
  })

  test('of two flags that is found at once is told once', async () => {
    await world.store.create({ name: 'other' })
    const watching = watched()
    await serve(watching, world.deaf({ store: state.store }))
    await world.store.update('new_feature', { rollout: 50 })
    await world.store.update('other', { rollout: 50 })
    await world.clock.advance(2_000)
    expect(watching.told.slice(1)).toEqual(['CONFIGURATION_CHANGED: new_feature,other'])
  })

  test('of a segment names no flags, as any may refer to it', async () => {
    const flags = client()
    const watching = watched()
    await serve(watching, flags)
    await flags.admin.segments.create({ name: 'staff', members: ['ada'] })
    await settle()
    expect(watching.told.slice(1)).toEqual(['CONFIGURATION_CHANGED: Changed: segment:staff.'])
  })

  test('of the whole store, which went back, names none either', async () => {
    const watching = watched()
    const flags = client()
    await serve(watching, flags)
    await flags.admin.update('new_feature', { rollout: 50 })
    await settle()
    const before = watching.told.length
    const restored = new World()
    await restored.store.create({ name: 'new_feature', rollout: 0 })
    state.restore(restored.store)
    await world.clock.advance(10_000)
    expect(watching.told.slice(before)).toEqual([expect.stringMatching(/^CONFIGURATION_CHANGED: The store went back to version 1/)])
    await restored.end()
  })
})

describe('after the shutdown', () => {
  test('nothing is told any more, and the client goes on for whoever has it', async () => {
    const flags = client()
    const watching = watched()
    await serve(watching, flags)
    void flags.admin.update('new_feature', { rollout: 50 })
    await OpenFeature.clearProviders()
    const before = watching.told.length
    await flags.admin.update('new_feature', { rollout: 100 })
    state.isFailing = true
    await world.clock.advance(30_000)
    expect(watching.told.slice(before)).toEqual([])
    expect((await flags.evaluate('new_feature', 'ada')).enabled).toBe(true)
  })

  test('a provider can be set again', async () => {
    const provider = flagstoneProvider(client())
    const watching = watched()
    const domain = String(watching.client.metadata.domain)
    await OpenFeature.setProviderAndWait(domain, provider)
    await provider.onClose()
    await provider.onClose()
    await OpenFeature.clearProviders()
    await OpenFeature.setProviderAndWait(domain, provider)
    state.isFailing = true
    await world.clock.advance(30_000)
    expect(watching.client.providerStatus).toBe(ProviderStatus.STALE)
  })

  test('that comes while the client is made ready, nothing is told of how that went', async () => {
    const flags = client()
    await flags.ready()
    state.isFailing = true
    await world.clock.advance(30_000)
    const provider = flagstoneProvider(flags)
    const told: string[] = []
    provider.events.addHandler(ProviderEvents.Stale, () => told.push('stale'))
    const beginning = provider.initialize()
    await provider.onClose()
    await beginning
    await settle()
    expect(told).toEqual([])
  })
})

test('two providers over one client are told alike', async () => {
  const flags = client()
  const [one, two] = [watched(), watched()]
  await Promise.all([serve(one, flags), serve(two, flags)])
  await flags.admin.update('new_feature', { rollout: 50 })
  await settle()
  expect([one.told, two.told]).toEqual(Array(2).fill(['READY', 'CONFIGURATION_CHANGED: new_feature']))
})
