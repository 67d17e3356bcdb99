import { OFREPWebProvider, type OFREPWebProviderOptions } from '@openfeature/ofrep-web-provider'
import { type Client, OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Handler } from '../../src/index.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { type LoopbackServer, startLoopbackServer } from '../loopback-server.ts'

let fixture: HandlerFixture
let loopback: LoopbackServer
/** The statuses of the responses, in order. */
let statuses: number[]
/** Called with each status. */
let onStatus: (status: number) => void
beforeEach(async () => {
  fixture = new HandlerFixture()
  statuses = []
  onStatus = () => undefined
  loopback = await startLoopbackServer(watched(fixture.handler({ public: 'evaluate' })))
  await fixture.store.create({ name: 'gate', rollout: 50 })
  await fixture.store.create({ name: 'text', rollout: 100, variants: [{ name: 'it', value: 'blue', weight: 1 }] })
  await fixture.store.create({ name: 'out', rollout: 0, variants: [{ name: 'it', value: 'blue', weight: 1 }] })
  await fixture.store.create({ name: 'killed', enabled: false })
})
afterEach(async () => {
  await OpenFeature.clearProviders()
  await OpenFeature.clearContexts()
  await loopback.close()
  await fixture.close()
})

function watched(handler: Handler): (request: Request) => Promise<Response> {
  return async (request) => {
    const response = await handler(request)
    statuses.push(response.status)
    onStatus(response.status)
    return response
  }
}

async function client(options: Partial<OFREPWebProviderOptions> = {}): Promise<Client> {
  await OpenFeature.setContext({ targetingKey: 'ada' })
  const provider = new OFREPWebProvider({ baseUrl: loopback.url, cacheMode: 'disabled', ...options })
  // Its types are not made for exactOptionalPropertyTypes.
  await OpenFeature.setProviderAndWait(provider as Provider)
  return OpenFeature.getClient()
}

function next(status: number): Promise<void> {
  return new Promise((resolve) => {
    onStatus = (given) => {
      if (given === status) resolve()
    }
  })
}

describe('the official OFREP provider for browsers', () => {
  test('gets all flags with one request', async () => {
    const ask = await client()
    expect(ask.getBooleanValue('gate', false)).toBe(await fixture.flags.isEnabled('gate', 'ada'))
    expect(ask.getStringDetails('text', 'red')).toMatchObject({
      value: 'blue',
      variant: 'it',
      reason: 'STATIC',
      flagMetadata: { version: 2 },
    })
    expect(ask.getBooleanDetails('killed', true)).toMatchObject({ value: false, reason: 'DISABLED' })
    expect(ask.getStringDetails('out', 'red')).toMatchObject({ value: 'red', reason: 'STATIC' })
    expect(ask.getBooleanDetails('missing', true)).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' })
    expect(statuses).toEqual([200])
  })

  test('fetches again for another user', async () => {
    const ask = await client()
    for (const targetingKey of ['eve', 'bob', 'kim']) {
      await OpenFeature.setContext({ targetingKey })
      expect(ask.getBooleanValue('gate', false)).toBe(await fixture.flags.isEnabled('gate', targetingKey))
    }
  })

  test('gets a 304 while nothing changes, and a change with its next poll', async () => {
    const ask = await client({ pollInterval: 20 })
    await next(304)
    const changed = new Promise<readonly string[]>((resolve) => {
      ask.addHandler(ProviderEvents.ConfigurationChanged, (details) => resolve(details?.flagsChanged ?? []))
    })
    await fixture.flags.admin.update('killed', { enabled: true, rollout: 100 })
    expect(await changed).toEqual(['killed'])
    expect(ask.getBooleanValue('killed', false)).toBe(true)
    await next(304)
    expect(statuses.filter((status) => status === 200)).toHaveLength(2)
  })

  test('gets an error for a flag that needs a targeting key before anybody has signed in', async () => {
    const ask = await client()
    await OpenFeature.setContext({})
    expect(ask.getBooleanDetails('gate', true)).toMatchObject({ value: true, errorCode: 'TARGETING_KEY_MISSING' })
    expect(ask.getStringValue('text', 'red')).toBe('blue')
  })

  test('stops polling if it is refused', async () => {
    const closed = await startLoopbackServer(fixture.handler({ authorize: () => false }))
    await expect(client({ baseUrl: closed.url })).rejects.toThrow('Initialization failed')
    await closed.close()
  })
})
