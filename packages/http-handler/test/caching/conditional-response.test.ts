import { flagsHandler, type Handler } from '@flagstone/http-handler'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, request } from '../http-requests.ts'
import { countingFlags } from './counting-flags.ts'
import { failing, unreadableFromNowOn, withUnreadable } from './failing-stores.ts'

const ALL = '/ofrep/v1/evaluate/flags'
/** Each request that has entity tags. */
const WAYS = ['GET /flags/one', 'GET /flags/one?user_id=ada', 'GET /flags/missing', `POST ${ALL}`] as const

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'one', rollout: 50 })
})
afterEach(() => fixture.close())

function ask(handler: Handler, way: string, held?: string | null, context: unknown = { targetingKey: 'ada' }): Promise<Response> {
  const [method, path = ''] = way.split(' ')
  const headers = typeof held === 'string' ? { 'If-None-Match': held } : {}
  return handler(request(path, method === 'POST' ? jsonRequest({ context }, { headers }) : { headers }))
}

async function tagOf(way: string, context?: unknown): Promise<string | null> {
  return (await ask(fixture.handler(), way, null, context)).headers.get('etag')
}

describe.each(WAYS)('%s with the entity tag of the last response', (way) => {
  test('is answered with 304 and without an evaluation while nothing changes', async () => {
    const { flags, evaluations } = countingFlags(fixture)
    const handler = flagsHandler({ flags, public: 'evaluate', clock: fixture.clock })
    const first = await ask(handler, way)
    const [tag, before] = [first.headers.get('etag'), evaluations()]
    expect([first.status, tag, before]).toEqual([200, expect.stringMatching(/^W\/"[\w-]{22}"$/), expect.any(Number)])
    expect(before).toBeGreaterThan(0)
    for (const held of [tag, `"x", ${tag}`, tag?.replace('W/', ''), '*']) {
      const again = await ask(handler, way, held)
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
      for (const header of ['cache-control', 'vary']) expect(again.headers.get(header)).toBe(first.headers.get(header))
    }
    expect(evaluations()).toBe(before)
  })

  test('is answered with 304 and without an evaluation by a process at its first request', async () => {
    const { flags, evaluations } = countingFlags(fixture)
    const response = await ask(flagsHandler({ flags, public: 'evaluate', clock: fixture.clock }), way, await tagOf(way))
    expect([response.status, evaluations()]).toEqual([304, 0])
  })

  test('is answered anew after any change, also one by another process', async () => {
    const tag = await tagOf(way)
    await fixture.flags.admin.update('one', { rollout: 60 })
    const second = await ask(fixture.handler(), way, tag)
    expect(second.status).toBe(200)
    await fixture.store.create({ name: 'two' })
    await fixture.clock.advance(31_000)
    expect((await ask(fixture.handler(), way, second.headers.get('etag'))).status).toBe(200)
  })

  test('has the same tag in every process', async () => {
    const other = new HandlerFixture({ store: fixture.store })
    expect((await ask(other.handler(), way)).headers.get('etag')).toBe(await tagOf(way))
    await other.close()
  })

  test('has a tag that no other request has', async () => {
    const tags = await Promise.all([...WAYS, 'GET /flags/one?user_id=eve', 'GET /flags/onea?user_id=da'].map((each) => tagOf(each)))
    expect(new Set(tags).size).toBe(tags.length)
    expect((await ask(fixture.handler(), way, '"x", nonsense, W/')).status).toBe(200)
  })

  test('has no tag and may not be cached while the flags are stale', async () => {
    let isGone = false
    const unheard = new HandlerFixture({ store: failing(fixture.store, () => isGone) })
    const handler = unheard.handler()
    const tag = (await ask(handler, way)).headers.get('etag')
    isGone = true
    await unheard.clock.advance(31_000)
    const response = await unheard.clock.until(ask(handler, way, tag))
    expect([response.status, response.headers.get('etag'), response.headers.get('cache-control')]).toEqual([200, null, 'no-store'])
    // Without a user there is no key to hash, and that reason comes first.
    expect(await response.text()).toContain(way === 'GET /flags/one' ? '"TARGETING_KEY_MISSING"' : '"STALE"')
    await unheard.close()
  })

  test('has no tag if no flags could be loaded', async () => {
    const unheard = new HandlerFixture({ store: failing(fixture.store, () => true) })
    const response = await unheard.clock.until(ask(unheard.handler(), way, '*'))
    const status = way.startsWith('GET') ? 200 : 500
    expect([response.status, response.headers.get('etag'), response.headers.get('cache-control')]).toEqual([status, null, 'no-store'])
    await unheard.close()
  })
})

describe('the answer for a flag', () => {
  test('has no body for HEAD', async () => {
    const head = await fixture.handler()(request('/flags/one', { method: 'HEAD' }))
    expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', await tagOf('GET /flags/one')])
  })
})

describe('a ramp', () => {
  beforeEach(async () => {
    const at = (ms: number): string => new Date(fixture.clock.now() + ms).toISOString()
    const ramp = { from: { at: at(0), rollout: 0 }, to: { at: at(20_000), rollout: 100 } }
    await fixture.store.create({ name: 'ramp', ramp })
  })

  test.each(['GET /flags/ramp?user_id=ada', `POST ${ALL}`])(
    'makes the tag of %s depend on the answer, so that time counts',
    async (way) => {
      const { flags, evaluations } = countingFlags(fixture)
      const handler = flagsHandler({ flags, public: 'evaluate', clock: fixture.clock })
      const first = await ask(handler, way)
      const tag = first.headers.get('etag')
      expect((await ask(handler, way, tag)).status).toBe(304)
      expect(evaluations()).toBe(2)
      await fixture.clock.advance(19_999)
      const later = await ask(handler, way, tag)
      expect([later.status, await later.text()]).toEqual([200, expect.stringMatching(/"(enabled|value)":true/)])
      await fixture.clock.advance(1)
      const ended = (await ask(handler, way)).headers.get('etag')
      const before = evaluations()
      expect((await ask(handler, way, ended)).status).toBe(304)
      expect(evaluations()).toBe(before)
    },
  )

  test('keeps responses out of the response cache until it has ended', async () => {
    const handler = fixture.handler()
    const answers: unknown[] = []
    for (const ms of [0, 20_000]) {
      await fixture.clock.advance(ms)
      answers.push(await (await ask(handler, 'GET /flags/ramp?user_id=ada')).json())
    }
    expect(answers).toMatchObject([{ enabled: false }, { enabled: true }])
  })

  test('gives the same tag for the same answer, from any process and at any time', async () => {
    const way = 'GET /flags/ramp?user_id=ada'
    const tag = await tagOf(way)
    await fixture.flags.admin.create({ name: 'unrelated' })
    const other = new HandlerFixture({ store: fixture.store })
    expect((await ask(other.handler(), way)).headers.get('etag')).toBe(tag)
    await other.close()
  })

  test('that changes nothing for the user leaves the tag of all flags unchanged, whatever else the store holds', async () => {
    const way = `POST ${ALL}`
    await fixture.clock.advance(1)
    const tag = await tagOf(way)
    await fixture.clock.advance(1)
    await fixture.flags.admin.segments.create({ name: 'unused', members: ['ada'] })
    expect((await ask(fixture.handler(), way, tag)).status).toBe(304)
  })
})

describe('all flags', () => {
  test('have another tag for another context, key or attribute', async () => {
    const contexts = [{}, { targetingKey: 'ada' }, { targetingKey: 'eve' }, { targetingKey: 'ada', plan: 'pro' }, { plan: 'ada' }]
    expect(new Set(await Promise.all(contexts.map((context) => tagOf(`POST ${ALL}`, context)))).size).toBe(contexts.length)
  })

  test('have no tag if one of them is out of date because this version cannot read the newer record', async () => {
    const old = new HandlerFixture({ store: unreadableFromNowOn(fixture.store) })
    const handler = old.handler()
    expect((await ask(handler, `POST ${ALL}`)).headers.get('etag')).not.toBeNull()
    await fixture.store.update('one', { rollout: 60 })
    await old.clock.advance(31_000)
    const response = await ask(handler, `POST ${ALL}`)
    expect([response.status, response.headers.get('etag'), response.headers.get('cache-control')]).toEqual([200, null, 'no-store'])
    expect(await response.json()).toMatchObject({ flags: [{ key: 'one', reason: 'UNKNOWN', metadata: { version: 1, reason: 'STALE' } }] })
    await old.close()
  })

  test('have no tag if one of them cannot be read', async () => {
    const broken = new HandlerFixture({ store: withUnreadable(fixture.store) })
    const response = await ask(broken.handler(), `POST ${ALL}`)
    expect([response.status, response.headers.get('etag'), response.headers.get('cache-control')]).toEqual([200, null, 'no-store'])
    expect(await response.json()).toMatchObject({ flags: [{ key: 'one' }, { key: 'unreadable', errorCode: 'PARSE_ERROR' }] })
    await broken.close()
  })
})

test('a response that became newer during its evaluation has no tag, and may not be cached', async () => {
  const handler = fixture.handler({ public: 'evaluate' })
  const evaluate = fixture.flags.evaluate.bind(fixture.flags)
  vi.spyOn(fixture.flags, 'evaluate').mockImplementationOnce(async (...asked) => {
    await fixture.flags.admin.update('one', { rollout: 100 })
    return await evaluate(...asked)
  })
  const response = await ask(handler, 'GET /flags/one?user_id=ada')
  expect(await response.json()).toMatchObject({ version: 2, rollout: 100 })
  expect([response.headers.get('etag'), response.headers.get('cache-control')]).toEqual([null, 'no-store'])
  expect((await ask(handler, 'GET /flags/one?user_id=ada')).headers.get('etag')).not.toBeNull()
  vi.restoreAllMocks()
})
