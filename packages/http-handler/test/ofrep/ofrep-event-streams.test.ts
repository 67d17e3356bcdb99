import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { around, unwatched } from '../../../core/test/world.ts'
import type { EventReader } from '../events/event-reader.ts'
import { EventsFixture } from '../events/events-fixture.ts'
import { type HandlerFixture, jsonRequest, request } from '../handler-fixture.ts'
import { ALL, evaluateAll, flagsByKey } from './ofrep-requests.ts'

const eventStreamUrl = '/events'
const ADA = { targetingKey: 'ada' }

interface Stream {
  readonly type: string
  readonly url?: string
  readonly endpoint?: { readonly requestUri: string }
}

let site: EventsFixture
beforeEach(async () => {
  site = new EventsFixture({}, { eventStreamUrl })
  await site.store.create({ name: 'a', rollout: 0 })
})
afterEach(() => site.close())

async function streams(response: Response): Promise<readonly Stream[] | undefined> {
  return ((await response.json()) as { eventStreams?: readonly Stream[] }).eventStreams
}

/** What a page does: asks for all flags, and listens where the answer says. */
async function page(): Promise<EventReader> {
  const [stream] = (await streams(await evaluateAll(site, ADA, null, { eventStreamUrl }))) ?? []
  return await site.openStream(undefined, stream?.endpoint?.requestUri)
}

/** As a provider asks on hearing an event. */
async function refetch(from: HandlerFixture, held: string, token: string): Promise<Response> {
  const headers = { 'If-None-Match': held }
  return await from.clock.until(from.handler()(request(`${ALL}?flagConfigEtag=${token}`, jsonRequest({ context: ADA }, { headers }))))
}

describe('the answer for all flags', () => {
  test('names no stream unless the option says where it is', async () => {
    expect(await streams(await evaluateAll(site, ADA))).toBeUndefined()
  })

  test('names a path as one at the origin that the page asks, and a URL as it is, the same each time', async () => {
    const at = async (eventStreamUrl: string) => await streams(await evaluateAll(site, ADA, null, { eventStreamUrl }))
    expect(await at('/api/events')).toEqual([{ type: 'sse', endpoint: { requestUri: '/api/events?last_event_id=none' } }])
    const url = 'https://flags.example/events'
    expect(await at(url)).toEqual([{ type: 'sse', url: `${url}?last_event_id=none` }])
    await site.changeElsewhere('a')
    expect(await at(url)).toEqual([{ type: 'sse', url: `${url}?last_event_id=none` }])
  })

  test('names it too where nobody may keep the answer, and where the store cannot vouch for it', async () => {
    expect(await streams(await evaluateAll(site, ADA, null, { eventStreamUrl, cache: false }))).toHaveLength(1)
    const gone = (): Promise<never> => Promise.reject(new Error('gone'))
    const other = new EventsFixture({ store: around(site.store, { changesSince: gone }) })
    await evaluateAll(other, ADA)
    await other.clock.advance(60_000)
    const body = await (await evaluateAll(other, ADA, null, { eventStreamUrl })).json()
    expect(body).toMatchObject({ metadata: { stale: true }, eventStreams: [{ type: 'sse' }] })
    await other.close()
  })

  test('is another where the option is: a page that holds the same flags is told where to listen', async () => {
    const tag = async (options: object, held?: string) => {
      const response = await evaluateAll(site, ADA, held, options)
      return [response.status, response.headers.get('etag') ?? ''] as const
    }
    const [, none] = await tag({})
    const [status, one] = await tag({ eventStreamUrl }, none)
    expect(status).toBe(200)
    expect((await tag({ eventStreamUrl }, one))[0]).toBe(304)
    expect((await tag({ eventStreamUrl: '/api/events' }, one))[0]).toBe(200)
  })

  test('is another also while time has a say', async () => {
    const at = (ms: number) => new Date(site.clock.now() + ms).toISOString()
    const ramp = { from: { at: at(0), rollout: 0 }, to: { at: at(20_000), rollout: 100 } }
    await site.flags.admin.create({ name: 'ramp', ramp })
    const none = (await evaluateAll(site, ADA)).headers.get('etag')
    expect((await evaluateAll(site, ADA, none, { eventStreamUrl })).status).toBe(200)
  })
})

describe('a page that listens', () => {
  test('is told at once to ask again, so that what changed before it was connected is not missed', async () => {
    const held = (await evaluateAll(site, ADA)).headers.get('etag') ?? ''
    await site.store.update('a', { rollout: 100 })
    const reader = await page()
    expect(reader.events.map(({ data }) => data)).toEqual([{ type: 'refetchEvaluation', etag: '2', version: 2 }])
    const response = await refetch(site, held, reader.events[0]?.data.etag ?? '')
    expect((await flagsByKey(response))['a']).toMatchObject({ value: true })
  })

  test('has a 304 for that where nothing changed', async () => {
    const held = (await evaluateAll(site, ADA)).headers.get('etag') ?? ''
    const reader = await page()
    expect((await refetch(site, held, reader.events[0]?.data.etag ?? '')).status).toBe(304)
  })

  test('comes back to the same address with its last event, and is told what it has missed and no more', async () => {
    const reader = await page()
    await reader.cancel()
    await site.changeElsewhere('a')
    const again = await site.openStream(reader.lastEventId, '/events?last_event_id=none')
    expect([again.types, again.changes]).toEqual([['refetchEvaluation'], ['a@2']])
  })
})

describe('a page that hears one process and asks another, which has not heard', () => {
  let other: EventsFixture
  let held: string
  beforeEach(async () => {
    other = new EventsFixture({ store: unwatched(site.store) })
    held = (await evaluateAll(other, ADA)).headers.get('etag') ?? ''
  })
  afterEach(() => other.close())

  test('is answered by what it heard of', async () => {
    const reader = await page()
    await site.flags.admin.update('a', { rollout: 100 })
    await settle()
    const token = reader.events.at(-1)?.data.etag ?? ''
    // Without the token it would be none the wiser.
    expect((await evaluateAll(other, ADA, held)).status).toBe(304)
    const response = await refetch(other, held, token)
    expect([response.status, (await flagsByKey(response))['a']]).toMatchObject([200, { value: true }])
  })

  test('is told that it cannot be answered, rather than answered from before, where the store has not got that far', async () => {
    const response = await refetch(other, held, '9')
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ errorCode: 'GENERAL', errorDetails: expect.stringMatching(/^VERSION_NOT_REACHED: /) })
    expect((await refetch(other, held, String(Number.MAX_SAFE_INTEGER))).status).toBe(500)
    // Anybody can ask for that.
    expect(other.reportedErrors).toEqual([])
  })

  test.each(['', 'abc', '-1', '1.5', '1e3', '99999999999999999', '9007199254740993', '%ff', '0', '1'])(
    'is answered as ever where it sends %j, which names no version beyond what it holds',
    async (token) => {
      expect((await refetch(other, held, token)).status).toBe(304)
    },
  )
})
