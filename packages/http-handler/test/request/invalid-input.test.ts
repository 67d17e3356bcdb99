import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem, request } from '../http-requests.ts'

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'first', rollout: 100 })
})
afterEach(async () => {
  expect(fixture.reportedErrors).toEqual([])
  expect(await fixture.flags.admin.list()).toEqual([expect.objectContaining({ name: 'first', version: 1 })])
  await fixture.close()
})

describe('a path that matches no route', () => {
  test.each([
    '/',
    '/flag',
    '/flags/',
    '/flags//update',
    '/flags/first/',
    '/flags/first/update/',
    '/flags/first/nothing',
    '/FLAGS',
    '/flags/../admin',
    '/flags/%2e%2e/admin',
    '/flags/first/..%5c..%5c',
    '//flags',
    '/.env',
  ])('%s is a 404', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const response = await fixture.send(path, { method })
      expect(response.status).toBe(404)
      expect(await readProblem(response)).toEqual({
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: expect.any(String),
        code: 'ROUTE_NOT_FOUND',
      })
    }
  })

  test('is a 404 outside the base path, and matches inside it', async () => {
    const handler = fixture.handler({ basePath: '/api' })
    const statuses = await Promise.all(
      ['/flags', '/api', '/apiflags', '/api/flags'].map(async (path) => (await handler(request(path))).status),
    )
    expect(statuses).toEqual([404, 404, 404, 200])
    const { detail } = await readProblem(await handler(request('/flags')))
    expect(detail).toBe('No route has the path "/flags", as it arrived here. Routes begin at /api/ (option basePath).')
    expect(String((await readProblem(await handler(request(`/${'x'.repeat(50_000)}`))))['detail']).length).toBeLessThan(300)
  })
})

describe('a method that the path does not have', () => {
  test.each([
    ['/flags', 'PUT', 'GET, HEAD, POST, OPTIONS'],
    ['/flags', 'DELETE', 'GET, HEAD, POST, OPTIONS'],
    ['/flags/first', 'POST', 'GET, HEAD, DELETE, OPTIONS'],
    ['/flags/first', 'PATCH', 'GET, HEAD, DELETE, OPTIONS'],
    ['/flags/first/update', 'GET', 'POST, OPTIONS'],
    ['/flags/first/update', 'PROPFIND', 'POST, OPTIONS'],
    ['/flags/first/history', 'POST', 'GET, HEAD, OPTIONS'],
    ['/openapi.json', 'POST', 'GET, HEAD, OPTIONS'],
  ])('%s %s is a 405 that says which do', async (path, method, allowed) => {
    const response = await fixture.send(path, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, allowed])
    expect(await readProblem(response)).toMatchObject({ code: 'METHOD_NOT_ALLOWED', detail: expect.stringContaining(allowed) })
  })

  test('HEAD of what is only POSTed to is a 405 without a body', async () => {
    const response = await fixture.send('/flags/first/update', { method: 'HEAD' })
    expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([405, 'POST, OPTIONS', ''])
  })

  test('OPTIONS lists what a path allows, without authorization', async () => {
    const response = await fixture.handler({ authorize: () => false })(request('/flags/first', { method: 'OPTIONS' }))
    expect([response.status, response.headers.get('allow'), response.body]).toEqual([204, 'GET, HEAD, DELETE, OPTIONS', null])
    expect(response.headers.get('access-control-allow-origin')).toBe(null)
  })
})

describe('a name that no flag can have', () => {
  test.each([
    '%00',
    'first%00',
    'a%2Fb',
    '..%2F..%2Fetc%2Fpasswd',
    '%2e%2e%2f',
    '..%5c..',
    'a%0d%0aSet-Cookie:%20x=1',
    'a%20b',
    '%zz',
    '%E0%A4%A',
    '%ff',
    'a%252Fb',
    '%F0%9F%98%80',
    '__proto__',
    'segment:first',
    'a%3Ab',
    '*',
    ':name',
    'x'.repeat(129),
    'x'.repeat(10_000),
  ])('%s is a 400 wherever it stands', async (name) => {
    const asked: readonly (readonly [string, RequestInit?])[] = [
      [`/flags/${name}?user_id=ada`],
      [`/flags/${name}/explain`],
      [`/flags/${name}/history`],
      [`/flags/${name}/update`, jsonRequest({ rollout: 1 })],
      [`/flags/${name}`, { method: 'DELETE' }],
      [`/segments/${name}`],
    ]
    for (const [path, init] of asked) {
      const response = await fixture.send(path, init)
      expect([path, response.status, response.headers.get('set-cookie')]).toEqual([path, 400, null])
      expect(await readProblem(response)).toMatchObject({ code: 'INVALID_NAME', detail: expect.stringContaining('letter or digit') })
    }
  })

  test.each([undefined, null, 7, '', 'a/b', '__proto__', ['first'], { name: 'x' }])('%j is refused in a body too', async (name) => {
    const response = await fixture.send('/flags', jsonRequest({ name }))
    expect(response.status).toBe(400)
    expect(await readProblem(response)).toMatchObject({ code: 'INVALID_NAME' })
  })

  test('may be percent-encoded where it need not be', async () => {
    expect(await (await fixture.send('/flags/%66irst?user_id=ada')).json()).toMatchObject({ name: 'first', enabled: true })
  })
})

describe('a query', () => {
  test.each([
    ['user_id=ada&user_id=bob', 'twice'],
    ['user_id=ada&user_id=ada', 'twice'],
    ['user_id=ada&user%5Fid=bob', 'twice'],
    ['userid=ada', 'user_id'],
    ['user_id=ada&_=1', '"_"'],
    ['user_id[]=ada', '"user_id[]"'],
    ['__proto__=x', '"__proto__"'],
    ['user_id=%zz', 'percent-encoded'],
    ['user_id=%ff', 'percent-encoded'],
    ['user_id=%ED%A0%80', 'percent-encoded'],
    ['%ff=1', 'percent-encoded'],
    ['min_version=1&min_version=1', 'twice'],
    ['min_version=abc', 'whole number'],
    ['min_version=-1', 'whole number'],
    ['min_version=1.5', 'whole number'],
    ['min_version=0x10', 'whole number'],
    ['min_version=9007199254740993', 'whole number'],
    ['min_version=', 'whole number'],
  ])('%s is refused', async (query, why) => {
    const response = await fixture.send(`/flags/first?${query}`)
    expect(response.status).toBe(400)
    expect(await readProblem(response)).toMatchObject({ code: 'INVALID_QUERY', detail: expect.stringContaining(why) })
  })

  test.each([
    ['?', undefined],
    ['?&', undefined],
    ['?user_id', undefined],
    ['?user_id&min_version=1', undefined],
    ['?user_id=ada&', 'ada'],
    ['?&&user_id=ada', 'ada'],
    ['?min_version=1&user_id=a=b', 'a=b'],
    ['?user_id=ada#min_version=x', 'ada'],
    ['?user_id=ada#&min_version=x', 'ada'],
    ['?user_id#=ada', undefined],
  ])('%s asks for the user %s', async (query, user) => {
    const response = await fixture.send(`/flags/first${query}`)
    expect([response.status, ((await response.json()) as { targetingKey?: string }).targetingKey]).toEqual([200, user])
  })

  test('of a path that takes none is refused', async () => {
    const response = await fixture.send('/flags?limit=1')
    expect(await readProblem(response)).toMatchObject({ code: 'INVALID_QUERY', detail: expect.stringContaining('none') })
  })

  test('that is long is shortened in the message', async () => {
    const { detail } = await readProblem(await fixture.send(`/flags/first?${'x'.repeat(50_000)}=1`))
    expect(String(detail).length).toBeLessThan(300)
  })
})

describe('a body', () => {
  const update = (init: RequestInit): Promise<Response> => fixture.send('/flags/first/update', init)

  test.each([{ 'Content-Length': '14' }, { 'Transfer-Encoding': 'chunked' }])(
    'that something in front has read is refused as such: %o',
    async (headers) => {
      const { code, detail } = await readProblem(await update(jsonRequest('', { headers: headers as Record<string, string> })))
      expect([code, detail]).toEqual(['INVALID_BODY', expect.stringContaining('express.json()')])
    },
  )

  test.each([
    ['', 'is empty'],
    [' ', 'not JSON'],
    ['{', 'not JSON'],
    ["{'rollout': 1}", 'not JSON'],
    ['{"rollout": NaN}', 'not JSON'],
    ['{"rollout": 1}{}', 'not JSON'],
    ['rollout=1', 'not JSON'],
    ['null', 'JSON object'],
    ['7', 'JSON object'],
    ['"x"', 'JSON object'],
    ['[]', 'JSON object'],
    ['[{"rollout": 1}]', 'JSON object'],
    ['{"__proto__": {"rollout": 1}}', '__proto__'],
    ['{"\\u005f_proto__": null}', '__proto__'],
    ['{"variants": [{"name": "a", "weight": 1, "value": {"x": [{"__proto__": 1}]}}]}', '__proto__'],
    [`{"a": ${'['.repeat(200)}${']'.repeat(200)}}`, 'levels'],
    [`{"a": ${'['.repeat(45_000)}${']'.repeat(45_000)}}`, 'levels'],
  ])('%.60s is refused', async (body, why) => {
    for (const path of ['/flags/first/update', '/flags', '/segments']) {
      const response = await fixture.send(path, jsonRequest(body))
      expect(response.status).toBe(400)
      expect(await readProblem(response)).toMatchObject({ code: 'INVALID_BODY', detail: expect.stringContaining(why) })
    }
    expect(({} as Record<string, unknown>)['rollout']).toBe(undefined)
  })

  test('that is not UTF-8 is refused', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"description": "'), 0xff, ...new TextEncoder().encode('"}')])
    const response = await update({ method: 'POST', body: bytes, headers: { 'Content-Type': 'application/json' } })
    expect(await readProblem(response)).toMatchObject({ code: 'INVALID_BODY', detail: expect.stringContaining('UTF-8') })
  })

  test('that is missing is refused', async () => {
    const response = await update({ method: 'POST', headers: { 'Content-Type': 'application/json' } })
    expect(await readProblem(response)).toMatchObject({ code: 'INVALID_BODY', detail: expect.stringContaining('empty') })
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/merge-patch+json',
    'application/jsonp',
    'text/plain; application/json',
    'application/json; charset=latin1',
    'application/json, text/plain',
    '*/*',
  ])('of the type %s is a 415, so that no form on another site can write', async (type) => {
    const response = await update(jsonRequest({}, { headers: { 'Content-Type': type } }))
    expect([response.status, response.headers.get('accept')]).toEqual([415, 'application/json'])
    expect(await readProblem(response)).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' })
  })

  test('without a type is a 415', async () => {
    expect((await update({ method: 'POST', body: new TextEncoder().encode('{}') })).status).toBe(415)
  })

  test.each(['gzip', 'br', 'identity, gzip'])('with Content-Encoding: %s is a 415', async (encoding) => {
    expect((await update(jsonRequest({}, { headers: { 'Content-Encoding': encoding } }))).status).toBe(415)
  })

  test.each([
    ['{"rollout": "50"}', 'rollout: expected a number from 0 to 100, received "50"'],
    ['{"rollout": 101}', 'rollout: expected'],
    ['{"rollout": null}', 'rollout: expected'],
    ['{"enabled": 1}', 'enabled: expected true or false, received 1'],
    ['{"rolout": 1}', 'rolout: expected one of the fields'],
    ['{"rules": 5}', 'rules: expected'],
    ['{"rules": [{"when": [{"attribute": "a", "operator": "matches", "value": "("}]}]}', 'RE2'],
    ['{"description": "a\\u0000b"}', 'description: expected'],
    ['{"owner": "\\ud800"}', 'owner: expected'],
    ['{"version": 9}', 'version: expected'],
  ])('%s is told where it is wrong and what was expected', async (body, why) => {
    const response = await update(jsonRequest(body))
    expect(response.status).toBe(400)
    expect(await readProblem(response)).toMatchObject({ code: 'INVALID_FLAG', detail: expect.stringContaining(why) })
  })
})

test.each([
  'application/json',
  'Application/JSON',
  'application/json; charset=utf-8',
  'application/json;charset="UTF-8"',
  'application/json;',
])('the type %s is JSON', async (type) => {
  // Not even a legal change, as the check after each test expects an untouched store.
  const response = await fixture.send(
    '/flags/missing/update',
    jsonRequest({}, { headers: { 'Content-Type': type, 'Content-Encoding': 'identity' } }),
  )
  expect(response.status).toBe(404)
})

test('JSON with a byte order mark is accepted', async () => {
  expect((await fixture.send('/flags/missing/update', jsonRequest('\ufeff{}'))).status).toBe(404)
})
