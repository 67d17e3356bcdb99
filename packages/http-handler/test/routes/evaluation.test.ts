import { createFlags, defineFlags, FlagsError, memoryStore } from '@flagstone/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around } from '../../../core/test/client-fleet.ts'
import { flagsHandler } from '../../src/index.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem, request } from '../http-requests.ts'
import type { OpenApiDocument } from '../openapi/openapi-types.ts'

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'new_feature', rollout: 50 })
})
afterEach(() => fixture.close())

async function answer(path: string): Promise<unknown> {
  const response = await fixture.send(path)
  expect(response.status).toBe(200)
  return await response.json()
}

describe('GET /flags/{name}', () => {
  test('answers everything that evaluate answers', async () => {
    await fixture.flags.ready()
    await fixture.flags.evaluate('new_feature', 'ada')
    expect(await answer('/flags/new_feature?user_id=ada')).toEqual(await fixture.flags.evaluate('new_feature', 'ada'))
  })

  test('is on or off as the bucket says', async () => {
    const users = Array.from({ length: 12 }, (_, number) => `user-${number}`)
    const found = await Promise.all(users.map((user) => answer(`/flags/new_feature?user_id=${user}`)))
    const expected = await Promise.all(users.map((user) => fixture.flags.isEnabled('new_feature', user)))
    expect(found).toEqual(expected.map((enabled) => expect.objectContaining({ enabled, reason: 'SPLIT' })))
    expect(new Set(expected).size).toBe(2)
  })

  test('is off with FLAG_NOT_FOUND for a flag that does not exist', async () => {
    expect(await answer('/flags/missing?user_id=ada')).toMatchObject({
      name: 'missing',
      enabled: false,
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
    })
  })

  test('evaluates for no user without user_id, or with an empty one', async () => {
    const nobody = { enabled: false, errorCode: 'TARGETING_KEY_MISSING' }
    expect(await answer('/flags/new_feature')).toMatchObject(nobody)
    expect(await answer('/flags/new_feature?user_id=')).toMatchObject(nobody)
  })

  test.each([
    ['a%2Bb', 'a+b'],
    ['a+b', 'a b'],
    ['%E2%82%AC%F0%9F%98%80', '€😀'],
    ['a%00b', 'a\0b'],
    ['a%0d%0aSet-Cookie:%20x', 'a\r\nSet-Cookie: x'],
    ['a=b', 'a=b'],
    ['__proto__', '__proto__'],
  ])('takes user_id=%s for the key %j', async (given, key) => {
    const response = await fixture.send(`/flags/new_feature?user_id=${given}`)
    expect(response.headers.get('set-cookie')).toBe(null)
    expect(await response.json()).toMatchObject({ targetingKey: key })
  })

  test.each([
    ['/flags/new_feature?user_id=ada#?user_id=eve&x', 'ada'],
    ['/flags/new_feature#?user_id=ada&x=1', undefined],
  ])('takes nothing of a fragment for the query: %s', async (path, key) => {
    expect(((await answer(path)) as Record<string, unknown>)['targetingKey']).toBe(key)
  })

  test('never answers older than min_version: a version that the store has not reached gives the default with an error', async () => {
    expect(await answer('/flags/new_feature?user_id=ada&min_version=1')).toMatchObject({ version: 1, reason: 'SPLIT' })
    expect(await answer('/flags/new_feature?user_id=ada&min_version=2')).toMatchObject({ errorCode: 'VERSION_NOT_REACHED' })
  })

  test('is JSON that no cache shares and no browser sniffs', async () => {
    const { headers } = await fixture.send('/flags/new_feature?user_id=ada')
    expect(Object.fromEntries(headers)).toEqual({
      'content-type': 'application/json',
      'cache-control': 'private, no-cache',
      etag: expect.stringMatching(/^W\/"[\w-]{22}"$/),
      vary: 'Authorization, Cookie, X-API-Key',
      'x-content-type-options': 'nosniff',
    })
  })

  test('answers HEAD with the same headers and no body', async () => {
    const response = await fixture.send('/flags/new_feature?user_id=ada', { method: 'HEAD' })
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([200, 'application/json', ''])
  })

  test('uses the default in the schema of the client', async () => {
    const schema = defineFlags({ guard: { default: true } })
    const flags = createFlags({ store: memoryStore(), schema, background: false })
    const response = await flagsHandler({ flags, public: 'evaluate' })(request('/flags/guard?user_id=ada'))
    expect(await response.json()).toMatchObject({ enabled: true, errorCode: 'FLAG_NOT_FOUND' })
    await flags.close()
  })

  test.each(['PARSE_ERROR', 'RECORD_TOO_NEW'] as const)(
    'is a 500 for %s if the flag has onUnavailable: throw, as the OpenAPI document says',
    async (code) => {
      const found = {
        storeId: 'x',
        asOf: 1,
        flags: new Map([['guard', new FlagsError(code, 'not for everybody')]]),
        cursor: { version: 1, id: 'x' },
      }
      const store = around(fixture.store, { load: async () => found, loadAll: async () => found })
      const schema = defineFlags({ guard: { default: true, onUnavailable: 'throw' } })
      const flags = createFlags({ store, schema, background: false })
      const handler = flagsHandler({ flags, public: 'evaluate' })
      const refused = await readProblem(await handler(request('/flags/guard?user_id=ada')))
      expect(refused).toMatchObject({ status: 500, code, detail: expect.not.stringContaining('not for') })
      const { paths } = (await (await handler(request('/openapi.json'))).json()) as OpenApiDocument
      expect(paths['/flags/{name}']?.['get']?.responses['500']).toMatchObject({ description: expect.stringContaining(code) })
      const one = await handler(request('/ofrep/v1/evaluate/flags/guard', jsonRequest({ context: { targetingKey: 'ada' } })))
      const errorCode = code === 'PARSE_ERROR' ? code : 'GENERAL'
      expect([one.status, await one.json()]).toMatchObject([500, { key: 'guard', errorCode }])
      await flags.close()
    },
  )
})

describe('GET /flags/{name}/explain', () => {
  test('answers the data and the text of explain', async () => {
    await fixture.flags.evaluate('new_feature', 'ada')
    const found = (await answer('/flags/new_feature/explain?user_id=ada')) as { text: string }
    expect(found).toEqual(await fixture.flags.explain('new_feature', 'ada'))
    expect(found.text).toContain('new_feature is')
  })

  test('explains a flag that does not exist', async () => {
    expect(await answer('/flags/missing/explain?user_id=ada')).toMatchObject({ evaluation: { errorCode: 'FLAG_NOT_FOUND' } })
  })

  test('says so once the client is closed', async () => {
    await fixture.flags.close()
    const response = await fixture.send('/flags/new_feature/explain')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await readProblem(response)).toMatchObject({ code: 'CLOSED' })
  })
})
