import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { request } from '../http-requests.ts'

let fixture: HandlerFixture
beforeEach(() => {
  fixture = new HandlerFixture()
})
afterEach(() => fixture.close())

const APP = 'https://app.example'
const asked = (path: string, method: string, origin: string): Request =>
  request(path, { method: 'OPTIONS', headers: { Origin: origin, 'Access-Control-Request-Method': method } })

const shared = (response: Response): Record<string, string> =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))

describe('cors', () => {
  test('is off unless the option is given', async () => {
    const handler = fixture.handler()
    expect(shared(await handler(request('/flags', { headers: { Origin: APP } })))).toEqual({})
    expect(shared(await handler(asked('/flags', 'POST', APP)))).toEqual({})
  })

  test('answers the preflight of a listed origin, without calling authorize', async () => {
    const response = await fixture.handler({ cors: { origins: [APP] }, authorize: () => false })(asked('/flags', 'POST', APP))
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
    'lets no page of %s read a response',
    async (origin) => {
      const handler = fixture.handler({ cors: { origins: [APP] } })
      for (const response of [
        await handler(request('/flags', { headers: { Origin: origin } })),
        await handler(asked('/flags', 'POST', origin)),
      ]) {
        expect(response.headers.get('access-control-allow-origin')).toBe(null)
        expect(response.headers.get('vary')).toContain('Origin')
      }
    },
  )

  test('lets pages read problems too, and never with cookies', async () => {
    const handler = fixture.handler({ cors: { origins: [APP, 'https://other.example'] } })
    for (const path of ['/flags', '/nothing', '/flags/a%2Fb', '/flags/missing/record']) {
      const response = await handler(request(path, { headers: { Origin: APP } }))
      expect(response.headers.get('access-control-allow-origin')).toBe(APP)
      expect(response.headers.get('access-control-allow-credentials')).toBe(null)
    }
  })

  test('for every origin sends *, and no Vary', async () => {
    const response = await fixture.handler({ cors: { origins: ['*'] } })(request('/flags', { headers: { Origin: APP } }))
    expect(shared(response)).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(response.headers.get('vary')).toBe(null)
  })

  test('does not answer an OPTIONS that is not a preflight', async () => {
    const response = await fixture.handler({ cors: { origins: [APP] } })(request('/flags', { method: 'OPTIONS', headers: { Origin: APP } }))
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS'])
  })
})
