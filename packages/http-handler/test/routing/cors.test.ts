import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture, request } from '../handler-fixture.ts'

let site: HandlerFixture
beforeEach(() => {
  site = new HandlerFixture()
})
afterEach(() => site.close())

const APP = 'https://app.example'
const asked = (path: string, method: string, origin: string): Request =>
  request(path, { method: 'OPTIONS', headers: { Origin: origin, 'Access-Control-Request-Method': method } })

const shared = (response: Response): Record<string, string> =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))

describe('cors', () => {
  test('is not there unless it is asked for', async () => {
    const handler = site.handler()
    expect(shared(await handler(request('/flags', { headers: { Origin: APP } })))).toEqual({})
    expect(shared(await handler(asked('/flags', 'POST', APP)))).toEqual({})
  })

  test('answers a preflight of an origin that it names, without asking authorize', async () => {
    const response = await site.handler({ cors: { origins: [APP] }, authorize: () => false })(asked('/flags', 'POST', APP))
    expect(response.status).toBe(204)
    expect(shared(response)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET,HEAD,POST,DELETE',
      'access-control-allow-headers': 'Authorization,Content-Type,If-Match,If-None-Match,Last-Event-ID,X-API-Key',
      'access-control-expose-headers': 'ETag,Location,Retry-After,WWW-Authenticate',
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Headers',
    })
  })

  test.each(['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null', `${APP}:8443`])(
    'lets no page of %s read an answer',
    async (origin) => {
      const handler = site.handler({ cors: { origins: [APP] } })
      for (const response of [
        await handler(request('/flags', { headers: { Origin: origin } })),
        await handler(asked('/flags', 'POST', origin)),
      ]) {
        expect(response.headers.get('access-control-allow-origin')).toBe(null)
        expect(response.headers.get('vary')).toContain('Origin')
      }
    },
  )

  test('lets the page read problems too, and never with cookies', async () => {
    const handler = site.handler({ cors: { origins: [APP, 'https://other.example'] } })
    for (const path of ['/flags', '/nothing', '/flags/a%2Fb', '/flags/missing/record']) {
      const response = await handler(request(path, { headers: { Origin: APP } }))
      expect(response.headers.get('access-control-allow-origin')).toBe(APP)
      expect(response.headers.get('access-control-allow-credentials')).toBe(null)
    }
  })

  test('of every origin says so, and does not vary by it', async () => {
    const response = await site.handler({ cors: { origins: ['*'] } })(request('/flags', { headers: { Origin: APP } }))
    expect(shared(response)).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(response.headers.get('vary')).toBe(null)
  })

  test('leaves an OPTIONS alone that is no preflight', async () => {
    const response = await site.handler({ cors: { origins: [APP] } })(request('/flags', { method: 'OPTIONS', headers: { Origin: APP } }))
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS'])
  })
})
