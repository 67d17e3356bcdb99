import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, request } from '../http-requests.ts'
import { evaluateAll, evaluateOne } from '../ofrep/ofrep-requests.ts'

const PRIVATE = ['private, no-cache', 'Authorization, Cookie, X-API-Key']

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'one', rollout: 50 })
})
afterEach(() => fixture.close())

type Options = Parameters<HandlerFixture['handler']>[0]

function cachingOf({ headers }: Response): readonly unknown[] {
  return [headers.get('cache-control'), headers.get('vary')]
}

async function get(path: string, options?: Options, init?: RequestInit): Promise<readonly unknown[]> {
  return cachingOf(await fixture.handler(options)(request(path, init)))
}

describe('a shared cache may keep', () => {
  test('a public evaluation without a user, for 5 s and 5 s more while it revalidates', async () => {
    expect(await get('/flags/one', { public: 'evaluate' })).toEqual(['public, max-age=5, stale-while-revalidate=5', null])
    expect(await get('/flags/missing', { public: 'evaluate' })).toEqual(['public, max-age=5, stale-while-revalidate=5', null])
  })

  test('it for as long as the options say', async () => {
    const cache = { maxAgeS: 0, staleWhileRevalidateS: 86_400 }
    expect(await get('/flags/one', { public: 'evaluate', cache })).toEqual(['public, max-age=0, stale-while-revalidate=86400', null])
    const half = { public: 'evaluate', cache: { maxAgeS: 60 } } as const
    expect(await get('/flags/one', half)).toEqual(['public, max-age=60, stale-while-revalidate=5', null])
  })

  test('no response for one user', async () => {
    expect(await get('/flags/one?user_id=ada', { public: 'evaluate' })).toEqual(PRIVATE)
    expect(await get('/flags/one?user_id=', { public: 'evaluate' })).toEqual(PRIVATE)
  })

  test('no response that `authorize` had to allow', async () => {
    expect(await get('/flags/one')).toEqual(PRIVATE)
    expect(await get('/flags/one', { authorize: () => ({ actor: 'ada' }) }, { headers: { Authorization: 'Bearer a' } })).toEqual(PRIVATE)
  })

  test('no refusal and no error', async () => {
    expect(await get('/flags/one', { authorize: () => false })).toEqual(['no-store', null])
    expect(await get('/flags/one?nonsense=1', { public: 'evaluate' })).toEqual(['no-store', null])
    expect(await get('/nowhere', { public: 'evaluate' })).toEqual(['no-store', null])
  })

  test('no response to a request with a version, and no response to a write', async () => {
    expect(await get('/flags/one?min_version=1', { public: 'evaluate' })).toEqual(['no-store', null])
    expect(await get('/flags/one/update', {}, jsonRequest({ rollout: 10 }))).toEqual(['no-store', null])
  })

  test('no OFREP response: the client may keep that for all flags, and nobody that for one flag', async () => {
    for (const options of [{}, { public: 'evaluate' }] as const) {
      expect(cachingOf(await evaluateAll(fixture, {}, null, options))).toEqual(PRIVATE)
      expect(cachingOf(await evaluateOne(fixture, 'one', { targetingKey: 'ada' }, options))).toEqual(['no-store', null])
    }
  })
})

describe('a client without the right', () => {
  test('learns nothing from a tag that another client got', async () => {
    const tags = [(await fixture.send('/flags/one')).headers.get('etag'), (await evaluateAll(fixture, {})).headers.get('etag')]
    const headers = { 'If-None-Match': String(tags[0]) }
    expect((await fixture.handler({ authorize: () => false })(request('/flags/one', { headers }))).status).toBe(403)
    expect((await evaluateAll(fixture, {}, tags[1], { authorize: () => false })).status).toBe(403)
  })
})

describe('pages of other origins', () => {
  const cors = { origins: ['https://app.example'] }

  test('have separate responses in a shared cache', async () => {
    const [control, vary] = await get('/flags/one', { public: 'evaluate', cors }, { headers: { Origin: 'https://app.example' } })
    expect([control, vary]).toEqual(['public, max-age=5, stale-while-revalidate=5', 'Origin'])
  })

  test('keep the Vary headers of a private response', async () => {
    const response = await evaluateAll(fixture, {}, null, { cors })
    expect(String(response.headers.get('vary')).split(', ').sort()).toEqual(['Authorization', 'Cookie', 'Origin', 'X-API-Key'])
  })

  test('can read the tag, and may send it and their key', async () => {
    const asking = { 'Access-Control-Request-Method': 'POST', Origin: 'https://app.example' }
    const preflight = await fixture.handler({ cors })(request('/ofrep/v1/evaluate/flags', { method: 'OPTIONS', headers: asking }))
    const allowed = String(preflight.headers.get('access-control-allow-headers')).split(',')
    expect(allowed).toEqual(expect.arrayContaining(['Authorization', 'Content-Type', 'If-None-Match', 'X-API-Key']))
    const answer = await fixture.handler({ cors })(request('/flags/one', { headers: { Origin: 'https://app.example' } }))
    expect(answer.headers.get('access-control-expose-headers')).toContain('ETag')
  })
})

describe('without caching', () => {
  test('there are no tags, and nothing may be kept', async () => {
    const options = { public: 'evaluate', cache: false } as const
    const found = [await fixture.handler(options)(request('/flags/one')), await evaluateAll(fixture, {}, '*', options)]
    for (const response of found) {
      expect([response.status, response.headers.get('etag'), ...cachingOf(response)]).toEqual([200, null, 'no-store', null])
    }
  })
})

describe('the option cache', () => {
  test.each([
    [null, 'The option cache must be'],
    [true, 'The option cache must be'],
    [{ maxAgeS: -1 }, 'The option cache.maxAgeS must be a whole number from 0 to 86,400.'],
    [{ maxAgeS: 1.5 }, 'The option cache.maxAgeS must be'],
    [{ staleWhileRevalidateS: 86_401 }, 'The option cache.staleWhileRevalidateS must be'],
    [{ maxAge: 5 }, 'There is no option cache.maxAge.'],
  ])('refuses %j', (cache, message) => {
    expect(() => fixture.handler({ cache } as never)).toThrow(message)
  })
})
