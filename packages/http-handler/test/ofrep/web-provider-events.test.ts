import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { type Client, OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { unwatched } from '../../../core/test/client-fleet.ts'
import type { Handler } from '../../src/index.ts'
import { EventsFixture } from '../events/events-fixture.ts'
import { type LoopbackServer, startLoopbackServer } from '../loopback-server.ts'
import { TestEventSource } from './test-event-source.ts'

const HANDLER = { public: 'evaluate', eventStreamUrl: '/events' } as const

/** A load balancer: the test decides which process gets a request. */
let events: Handler
let answers: Handler
let loopback: LoopbackServer
/** The page hears of changes from `first`. */
let first: EventsFixture
/** A process on the same store that hears of no change unless it polls. */
let second: EventsFixture
/** The fetches that events caused: the `etag` of the event, and the status of the response. */
let refetches: (readonly [token: string, status: number])[]
let onRefetch: () => void
/** The `Last-Event-ID` of each connection. */
let connections: (string | null)[]
beforeEach(async () => {
  vi.stubGlobal('EventSource', TestEventSource)
  TestEventSource.opened.length = 0
  refetches = []
  connections = []
  onRefetch = () => undefined
  first = new EventsFixture({}, HANDLER)
  await first.store.create({ name: 'a', rollout: 0 })
  second = new EventsFixture({ store: unwatched(first.store) }, HANDLER)
  events = first.eventsHandler
  answers = second.eventsHandler
  loopback = await startLoopbackServer(async (request) => {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/events') {
      connections.push(request.headers.get('last-event-id'))
      return await events(request)
    }
    const response = await answers(request)
    const token = searchParams.get('flagConfigEtag')
    if (token !== null) {
      refetches.push([token, response.status])
      onRefetch()
    }
    return response
  })
})
afterEach(async () => {
  await OpenFeature.clearProviders()
  await OpenFeature.clearContexts()
  for (const source of TestEventSource.opened) source.close()
  await loopback.close()
  await Promise.all([first.close(), second.close()])
  vi.unstubAllGlobals()
})

function refetched(count: number): Promise<void> {
  return new Promise((resolve) => {
    onRefetch = () => {
      if (refetches.length >= count) resolve()
    }
    onRefetch()
  })
}

/** A page that never polls. */
async function page(): Promise<Client> {
  await OpenFeature.setContext({ targetingKey: 'ada' })
  const provider = new OFREPWebProvider({ baseUrl: loopback.url, cacheMode: 'disabled', pollInterval: 0 })
  await OpenFeature.setProviderAndWait(provider as Provider)
  return OpenFeature.getClient()
}

function changed(client: Client): Promise<readonly string[]> {
  return new Promise((resolve) => {
    client.addHandler(ProviderEvents.ConfigurationChanged, (details) => resolve(details?.flagsChanged ?? []))
  })
}

describe('the official OFREP provider for browsers, which listens', () => {
  test('fetches again as soon as it is connected, and then after each change, also from a process that has not heard of it', async () => {
    const client = await page()
    await refetched(1)
    expect(refetches).toEqual([['1', 304]])
    const change = changed(client)
    await first.flags.admin.update('a', { rollout: 100 })
    await refetched(2)
    expect(refetches[1]).toEqual(['2', 200])
    expect([await change, client.getBooleanValue('a', false)]).toEqual([['a'], true])
  })

  test('stays connected over fetches, and for another user', async () => {
    await page()
    await refetched(1)
    await first.flags.admin.update('a', { rollout: 100 })
    await refetched(2)
    await OpenFeature.setContext({ targetingKey: 'eve' })
    expect(TestEventSource.opened.map(({ url }) => url)).toEqual([`${loopback.url}/events?last_event_id=none`])
    expect(connections).toEqual([null])
  })

  test('reconnects to another process with its last event id when the first goes away, and misses nothing', async () => {
    const client = await page()
    await refetched(1)
    const change = changed(client)
    const third = new EventsFixture({ store: first.store }, HANDLER)
    events = third.eventsHandler
    // In one go, so that the stream ends before it can send the change.
    const update = first.store.update('a', { rollout: 100 })
    first.eventsHandler.close()
    await update
    await refetched(2)
    expect([refetches[1], await change]).toEqual([['2', 200], ['a']])
    expect(connections.map((id) => id?.split('.')[0])).toEqual([undefined, '1'])
    await third.close()
  })
})
