import { FlagsError, memoryStore } from '@flagstone/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around } from '../../../core/test/client-fleet.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem, request } from '../http-requests.ts'
import { ALL, evaluateAll, evaluateOne, flagsByKey } from './ofrep-requests.ts'

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'half', rollout: 50 })
  await fixture.store.create({ name: 'on', rollout: 100 })
})
afterEach(() => fixture.close())

async function bothSend(init: RequestInit): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for (const path of [`${ALL}/half`, ALL]) {
    const response = await fixture.send(path, init)
    found.push([response.status, response.headers.get('content-type'), (await response.json()) as unknown])
  }
  return found
}

function refused(errorCode: string, errorDetails: unknown): readonly unknown[] {
  return [{ key: 'half' }, {}].map((about) => [400, 'application/json', { ...about, errorCode, errorDetails }])
}

describe('OFREP refuses in its own format', () => {
  test.each([
    ['no JSON', '{', 'The body is not JSON.'],
    ['nothing', '', 'The body is empty; it must be a JSON object.'],
    ['a list', '[]', 'The body must be a JSON object.'],
    ['what is nested too deeply', `{"context":${'['.repeat(200)}${']'.repeat(200)}}`, 'The body has more than 100 levels.'],
    ['a __proto__', '{"context":{"targetingKey":"ada","__proto__":{"plan":"pro"}}}', 'The body has a member called __proto__.'],
  ])('a body that is %s, with PARSE_ERROR', async (_, body, details) => {
    expect(await bothSend(jsonRequest(body))).toEqual(refused('PARSE_ERROR', details))
  })

  test.each([
    ['is missing', {}],
    ['is null', { context: null }],
    ['is a list', { context: [] }],
    ['is a text', { context: 'ada' }],
  ])('a context that %s, with INVALID_CONTEXT', async (_, body) => {
    const details = expect.stringContaining('"context"')
    expect(await bothSend(jsonRequest(body))).toEqual(refused('INVALID_CONTEXT', details))
  })

  test.each([[7], [null], [{}], [['ada']], [true]])('a targeting key that is %j, with INVALID_CONTEXT', async (targetingKey) => {
    const details = 'The targetingKey of the context must be a string.'
    expect(await bothSend(jsonRequest({ context: { targetingKey } }))).toEqual(refused('INVALID_CONTEXT', details))
  })

  test.each([[{}], [{ targetingKey: '' }]])('a context without a targeting key (%j) only for flags that need one', async (context) => {
    const one = await evaluateOne(fixture, 'half', context)
    const failure = { key: 'half', errorCode: 'TARGETING_KEY_MISSING', errorDetails: expect.stringContaining('half') as unknown }
    expect([one.status, await one.json()]).toEqual([400, failure])
    expect(await flagsByKey(await evaluateAll(fixture, context))).toMatchObject({ half: failure, on: { value: true } })
    expect((await evaluateOne(fixture, 'on', context)).status).toBe(200)
  })

  test.each(['missing', 'no name', 'segment:staff', '../update', '%00', 'a/b', 'x'.repeat(200)])(
    'the key %j, with FLAG_NOT_FOUND',
    async (key) => {
      const response = await evaluateOne(fixture, key, { targetingKey: 'ada' })
      expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json'])
      expect(await response.json()).toEqual({ key, errorCode: 'FLAG_NOT_FOUND', errorDetails: expect.any(String) })
    },
  )

  test('an illegal key before authorization', async () => {
    const asked: unknown[] = []
    const authorize = (_: Request, action: unknown): boolean => asked.push(action) === 0
    expect((await evaluateOne(fixture, 'segment:staff', {}, { authorize })).status).toBe(404)
    expect(asked).toEqual([])
  })

  test('a request that the store cannot answer, with a 500 that reveals nothing', async () => {
    const secret = 'password=hunter2'
    const gone = (): Promise<never> => Promise.reject(new FlagsError('STORE_UNAVAILABLE', secret))
    const dark = new HandlerFixture({ store: around(memoryStore(), { head: gone, loadAll: gone, load: gone }) })
    const found = await dark.clock.until(
      Promise.all([evaluateOne(dark, 'half', { targetingKey: 'ada' }), evaluateAll(dark, { targetingKey: 'ada' })]),
    )
    for (const [index, response] of found.entries()) {
      const text = await response.text()
      expect([response.status, text.includes(secret), response.headers.get('cache-control')]).toEqual([500, false, 'no-store'])
      expect(JSON.parse(text)).toMatchObject({ ...(index === 0 ? { key: 'half' } : {}), errorCode: 'GENERAL' })
    }
    expect(dark.reportedErrors.length).toBeGreaterThanOrEqual(2)
    await dark.close()
  })

  test('a closed client, with a 500', async () => {
    const ask = fixture.handler()
    await fixture.close()
    const response = await ask(request(ALL, jsonRequest({ context: {} })))
    expect([response.status, await response.json()]).toEqual([
      500,
      { errorCode: 'GENERAL', errorDetails: 'CLOSED: The service is shutting down.' },
    ])
  })

  test('a request for which `authorize` throws, with a 500 without its message', async () => {
    const authorize = (): never => {
      throw new Error('secret')
    }
    for (const response of [await evaluateOne(fixture, 'on', {}, { authorize }), await evaluateAll(fixture, {}, null, { authorize })]) {
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain('secret')
    }
    expect(fixture.reportedErrors.map(({ cause }) => (cause as Error).message)).toEqual(['secret', 'secret'])
  })
})

describe('OFREP refuses as the rest of the handler does', () => {
  test('a request that `authorize` does not allow, before the body is read', async () => {
    const asked: unknown[] = []
    const authorize = (_: Request, action: unknown): boolean => {
      asked.push(action)
      return false
    }
    for (const response of [await evaluateOne(fixture, 'on', '{', { authorize }), await evaluateAll(fixture, '{', null, { authorize })]) {
      expect(await readProblem(response)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    }
    const action = { kind: 'evaluate', operation: 'evaluate', subject: 'flag' }
    expect(asked).toEqual([{ ...action, name: 'on' }, action])
  })

  test('a request that `authorize` challenges', async () => {
    const authorize = (): { challenge: string } => ({ challenge: 'Bearer' })
    for (const response of [await evaluateOne(fixture, 'on', '{', { authorize }), await evaluateAll(fixture, '{', null, { authorize })]) {
      expect([response.headers.get('www-authenticate'), await readProblem(response)]).toMatchObject(['Bearer', { status: 401 }])
    }
  })

  test('a body of another media type, and one that is too large', async () => {
    for (const path of [`${ALL}/half`, ALL]) {
      const plain = await fixture.send(path, { method: 'POST', body: '{"context":{}}', headers: { 'Content-Type': 'text/plain' } })
      expect(await readProblem(plain)).toMatchObject({ status: 415 })
      const large = await fixture.send(path, jsonRequest({ context: { targetingKey: 'ada', padding: 'x'.repeat(1_000_000) } }))
      expect(await readProblem(large)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
    }
  })

  test.each(['GET', 'PUT', 'DELETE'])('%s, with POST in Allow', async (method) => {
    for (const path of [`${ALL}/half`, ALL]) {
      const response = await fixture.send(path, { method })
      expect(response.headers.get('allow')).toBe('POST, OPTIONS')
      expect(await readProblem(response)).toMatchObject({ status: 405 })
    }
  })

  test('no request because of its query', async () => {
    const response = await fixture.send(`${ALL}?flagConfigEtag=x&flagConfigLastModified=1&tenant=a&tenant=b`, jsonRequest({ context: {} }))
    expect(response.status).toBe(200)
  })
})

describe('OFREP accepts any JSON as attributes', () => {
  test.each([
    ['names of methods', { toString: 1, constructor: { prototype: {} }, hasOwnProperty: false, length: -1 }],
    ['a lone surrogate', { targetingKey: '\ud800', plan: '\udfff' }],
    ['a long key', { targetingKey: 'k'.repeat(50_000) }],
    ['a long list', { roles: Array.from({ length: 20_000 }, () => 1) }],
    ['numbers at the edge', { a: 1e308, b: -0, c: 5e-324 }],
    ['forty levels', JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) as object],
  ])('%s', async (_, attributes) => {
    const when = [{ attribute: 'plan', operator: 'equals', value: 'pro' } as const]
    await fixture.store.create({ name: 'ruled', rules: [{ when }], rollout: 0 })
    const context = { targetingKey: 'ada', ...attributes }
    expect([(await evaluateOne(fixture, 'ruled', context)).status, (await evaluateAll(fixture, context)).status]).toEqual([200, 200])
    expect(fixture.reportedErrors).toEqual([])
  })
})
