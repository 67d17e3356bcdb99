import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around, unwatched } from '../../../core/test/client-fleet.ts'
import { settle } from '../../../core/test/manual-clock.ts'
import type { EventReader } from '../events/event-reader.ts'
import { EventsFixture } from '../events/events-fixture.ts'
import type { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, request } from '../http-requests.ts'
import { ALL, evaluateAll, flagsByKey } from './ofrep-requests.ts'

const eventStreamUrl = '/events'
const ADA = { targetingKey: 'ada' }

interface Stream {
  readonly type: string
  readonly url?: string
  readonly endpoint?: { readonly requestUri: string }
}

let fixture: EventsFixture
beforeEach(async () => {
  fixture = new EventsFixture({}, { eventStreamUrl })
  await fixture.store.create({ name: 'a', rollout: 0 })
})
afterEach(() => fixture.close())

async function streams(response: Response): Promise<readonly Stream[] | undefined> {
  return ((await response.json()) as { eventStreams?: readonly Stream[] }).eventStreams
}

/** Acts as a page: fetches all flags, and opens the stream that the response names. */
async function page(): Promise<EventReader> {
  const [stream] = (await streams(await evaluateAll(fixture, ADA, null, { eventStreamUrl }))) ?? []
  return await fixture.openStream(undefined, stream?.endpoint?.requestUri)
}

/** Fetches like a provider after an event. */
async function refetch(from: HandlerFixture, held: string, etag: string): Promise<Response> {
  const headers = { 'If-None-Match': held }
  return await from.clock.until(from.handler()(request(`${ALL}?flagConfigEtag=${etag}`, jsonRequest({ context: ADA }, { headers }))))
}

describe('the response for all flags', () => {
  test('names no stream without the option', async () => {
    expect(await streams(await evaluateAll(fixture, ADA))).toBeUndefined()
  })

  test('names a path as a request URI and a URL unchanged, the same each time', async () => {
    const at = async (eventStreamUrl: string) => await streams(await evaluateAll(fixture, ADA, null, { eventStreamUrl }))
    expect(await at('/api/events')).toEqual([{ type: 'sse', endpoint: { requestUri: '/api/events?last_event_id=none' } }])
    const url = 'https://flags.example/events'
    expect(await at(url)).toEqual([{ type: 'sse', url: `${url}?last_event_id=none` }])
    await fixture.changeElsewhere('a')
    expect(await at(url)).toEqual([{ type: 'sse', url: `${url}?last_event_id=none` }])
  })

  test('names it too if the response may not be cached, and if the flags are stale', async () => {
    expect(await streams(await evaluateAll(fixture, ADA, null, { eventStreamUrl, cache: false }))).toHaveLength(1)
    const gone = (): Promise<never> => Promise.reject(new Error('gone'))
    const other = new EventsFixture({ store: around(fixture.store, { changesSince: gone }) })
    await evaluateAll(other, ADA)
    await other.clock.advance(60_000)
    const body = await (await evaluateAll(other, ADA, null, { eventStreamUrl })).json()
    expect(body).toMatchObject({ metadata: { stale: true }, eventStreams: [{ type: 'sse' }] })
    await other.close()
  })

  test('has another tag with another option, so that a page with the same flags learns the stream', async () => {
    const tag = async (options: object, held?: string) => {
      const response = await evaluateAll(fixture, ADA, held, options)
      return [response.status, response.headers.get('etag') ?? ''] as const
    }
    const [, none] = await tag({})
    const [status, one] = await tag({ eventStreamUrl }, none)
    expect(status).toBe(200)
    expect((await tag({ eventStreamUrl }, one))[0]).toBe(304)
    expect((await tag({ eventStreamUrl: '/api/events' }, one))[0]).toBe(200)
  })

  test('has another tag with another option during a ramp too', async () => {
    const at = (ms: number) => new Date(fixture.clock.now() + ms).toISOString()
    const ramp = { from: { at: at(0), rollout: 0 }, to: { at: at(20_000), rollout: 100 } }
    await fixture.flags.admin.create({ name: 'ramp', ramp })
    const none = (await evaluateAll(fixture, ADA)).headers.get('etag')
    expect((await evaluateAll(fixture, ADA, none, { eventStreamUrl })).status).toBe(200)
  })
})

describe('a page that listens', () => {
  test('is told at once to fetch again, so that it misses no change from before it connected', async () => {
    const held = (await evaluateAll(fixture, ADA)).headers.get('etag') ?? ''
    await fixture.store.update('a', { rollout: 100 })
    const reader = await page()
    expect(reader.events.map(({ data }) => data)).toEqual([{ type: 'refetchEvaluation', etag: '2', version: 2 }])
    const response = await refetch(fixture, held, reader.events[0]?.data.etag ?? '')
    expect((await flagsByKey(response))['a']).toMatchObject({ value: true })
  })

  test('gets a 304 for that fetch if nothing changed', async () => {
    const held = (await evaluateAll(fixture, ADA)).headers.get('etag') ?? ''
    const reader = await page()
    expect((await refetch(fixture, held, reader.events[0]?.data.etag ?? '')).status).toBe(304)
  })

  test('reconnects to the same URL with its last event id, and gets what it has missed and no more', async () => {
    const reader = await page()
    await reader.cancel()
    await fixture.changeElsewhere('a')
    const again = await fixture.openStream(reader.lastEventId, '/events?last_event_id=none')
    expect([again.types, again.changes]).toEqual([['refetchEvaluation'], ['a@2']])
  })
})

describe('a page that listens to one process and fetches from another, which has not heard of the change', () => {
  let other: EventsFixture
  let held: string
  beforeEach(async () => {
    other = new EventsFixture({ store: unwatched(fixture.store) })
    held = (await evaluateAll(other, ADA)).headers.get('etag') ?? ''
  })
  afterEach(() => other.close())

  test('gets a response as of the event', async () => {
    const reader = await page()
    await fixture.flags.admin.update('a', { rollout: 100 })
    await settle()
    const etag = reader.events.at(-1)?.data.etag ?? ''
    // Without the etag of the event it would get the old response.
    expect((await evaluateAll(other, ADA, held)).status).toBe(304)
    const response = await refetch(other, held, etag)
    expect([response.status, (await flagsByKey(response))['a']]).toMatchObject([200, { value: true }])
  })

  test('gets an error, not an older response, if the store has not reached the version', async () => {
    const response = await refetch(other, held, '9')
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ errorCode: 'GENERAL', errorDetails: expect.stringMatching(/^VERSION_NOT_REACHED: /) })
    expect((await refetch(other, held, String(Number.MAX_SAFE_INTEGER))).status).toBe(500)
    // Not reported, as anybody can send such a request.
    expect(other.reportedErrors).toEqual([])
  })

  test.each(['', 'abc', '-1', '1.5', '1e3', '99999999999999999', '9007199254740993', '%ff', '0', '1'])(
    'gets the usual response for %j, which names no newer version',
    async (etag) => {
      expect((await refetch(other, held, etag)).status).toBe(304)
    },
  )
})
