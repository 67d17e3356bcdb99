import { createFlags, defineFlags, type FlagStore, FlagsError, type FlagsErrorCode, memoryStore } from '@flagstone/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { flagsHandler } from '../../src/index.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem, request } from '../http-requests.ts'

const SECRETS = ['postgres://app:hunter2@10.0.0.7/flags', 'SELECT secret FROM feature_flags', 'pid 4711', 'node:internal/secret.js:1:1']

function revealing(code?: FlagsErrorCode): Error {
  const message = SECRETS.join(' ')
  const cause = new Error(message)
  return code === undefined
    ? cause
    : new FlagsError(code, message, { cause, blockers: [{ pid: 4711, application: SECRETS[0] ?? '', ageMs: 1 }] })
}

/** A store whose calls all fail, with secrets in their errors. */
function failing(code?: FlagsErrorCode): FlagStore {
  const fail = (): Promise<never> => Promise.reject(revealing(code))
  return Object.assign(memoryStore(), { head: fail, load: fail, loadAll: fail, create: fail, update: fail, delete: fail, history: fail })
}

let fixture: HandlerFixture | undefined
afterEach(async () => {
  await fixture?.close()
  fixture = undefined
})

const ASKED: readonly (readonly [string, RequestInit | undefined])[] = [
  ['/flags/first?user_id=ada', undefined],
  ['/flags/first/explain?user_id=ada', undefined],
  ['/flags', undefined],
  ['/flags/first/record', undefined],
  ['/flags/first/history', undefined],
  ['/flags', jsonRequest({ name: 'first' })],
  ['/flags/first/update', jsonRequest({ rollout: 1 })],
  ['/flags/first', { method: 'DELETE' }],
]

describe.each([
  undefined,
  'STORE_UNAVAILABLE',
  'STORE_TIMEOUT',
  'SCHEMA_MISSING',
  'SCHEMA_OLD',
  'WRITE_BLOCKED',
  'PARSE_ERROR',
  'INVALID_FLAG',
  'GENERAL',
] as const)('a store that fails with %s', (code) => {
  test.each(ASKED)('reveals no secret to %s %o', async (path, init) => {
    fixture = new HandlerFixture({ store: failing(code) })
    const response = await fixture.handler()(request(path, init))
    const said = `${await response.text()} ${JSON.stringify([...response.headers])}`
    for (const secret of [...SECRETS, 'hunter2', '4711', '.ts:', 'Error:']) expect(said).not.toContain(secret)
  })

  test('is passed to onError in full', async () => {
    fixture = new HandlerFixture({ store: failing(code) })
    const response = await fixture.handler()(request('/flags'))
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(fixture.reportedErrors).toHaveLength(1)
    expect(fixture.reportedErrors[0]?.message).toContain('hunter2')
  })
})

describe('a failing store', () => {
  test.each(['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'SCHEMA_MISSING', 'SCHEMA_OLD', 'WRITE_BLOCKED'] as const)(
    '%s of administration is a 503 that says when to come back',
    async (code) => {
      fixture = new HandlerFixture({ store: failing(code) })
      const response = await fixture.handler()(request('/flags/first/update', jsonRequest({ rollout: 1 })))
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await readProblem(response)).toMatchObject({ code, title: 'Service Unavailable', detail: expect.stringMatching(/\w/) })
    },
  )

  test('gives an evaluation the default, with the code', async () => {
    fixture = new HandlerFixture({ store: failing('STORE_UNAVAILABLE') })
    const response = await fixture.handler()(request('/flags/first?user_id=ada'))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      name: 'first',
      targetingKey: 'ada',
      enabled: false,
      reason: 'ERROR',
      source: 'default',
      errorCode: 'STORE_UNAVAILABLE',
      errorMessage: 'The store cannot be reached.',
    })
    expect(fixture.reportedErrors).toEqual([])
  })

  test('is a 503 for a flag with onUnavailable: throw', async () => {
    const schema = defineFlags({ guard: { default: true, onUnavailable: 'throw' } })
    const flags = createFlags({ store: failing('STORE_UNAVAILABLE'), schema, background: false })
    const response = await flagsHandler({ flags, public: 'evaluate' })(request('/flags/guard?user_id=ada'))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await readProblem(response)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await flags.close()
  })

  test('gives an explanation that says which layer failed', async () => {
    fixture = new HandlerFixture({ store: failing('STORE_UNAVAILABLE') })
    const found = (await (await fixture.handler()(request('/flags/first/explain?user_id=ada'))).json()) as {
      layers: object[]
      text: string
    }
    expect(found.layers).toContainEqual({ layer: 'store', state: 'failed', why: 'it cannot be reached' })
    expect(found.text).toContain('it cannot be reached')
  })
})

test('the history names a record that cannot be read, without stored data', async () => {
  const broken = new FlagsError('PARSE_ERROR', 'Flag first is stored wrongly: owner: received "hunter2".')
  const change = {
    version: 1,
    id: 'x',
    flag: 'first',
    operation: 'create',
    before: null,
    after: broken,
    at: '2026-01-01T00:00:00.000Z',
  } as const
  fixture = new HandlerFixture({ store: Object.assign(memoryStore(), { history: async () => [change] }) })
  const { changes } = (await (await fixture.handler()(request('/flags/first/history'))).json()) as { changes: object[] }
  expect(changes).toMatchObject([{ before: null, after: { errorCode: 'PARSE_ERROR', errorMessage: 'The stored record cannot be read.' } }])
})

test.each([
  [
    'throws',
    (): never => {
      throw new Error('no disk')
    },
  ],
  ['rejects', (): Promise<never> => Promise.reject(new Error('no disk'))],
])('an onError that %s becomes a process warning, and the request is still answered', async (_, onError) => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  fixture = new HandlerFixture({ store: failing() })
  expect((await fixture.handler({ onError })(request('/flags'))).status).toBe(503)
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('no disk'))
  vi.restoreAllMocks()
})

test('a handler without onError still answers', async () => {
  fixture = new HandlerFixture({ store: failing() })
  const response = await flagsHandler({ flags: fixture.flags, authorize: () => true })(request('/flags'))
  expect(response.status).toBe(503)
})

test('an argument that is not a Request is a 500, and no rejection', async () => {
  fixture = new HandlerFixture()
  expect((await fixture.handler()({} as Request)).status).toBe(500)
  expect(fixture.reportedErrors).toMatchObject([{ code: 'GENERAL' }])
})
