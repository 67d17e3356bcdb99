import { createFlags, defineFlags, type FlagStore, FlagsError, type FlagsErrorCode, memoryStore } from '@flagstone/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { flagsHandler } from '../../src/index.ts'
import { HandlerFixture, jsonRequest, readProblem, request } from '../handler-fixture.ts'

const SECRETS = ['postgres://app:hunter2@10.0.0.7/flags', 'SELECT secret FROM feature_flags', 'pid 4711', 'node:internal/secret.js:1:1']

function revealing(code?: FlagsErrorCode): Error {
  const message = SECRETS.join(' ')
  const cause = new Error(message)
  return code === undefined
    ? cause
    : new FlagsError(code, message, { cause, blockers: [{ pid: 4711, application: SECRETS[0] ?? '', ageMs: 1 }] })
}

/** A store that fails at everything, with all that it knows. */
function failing(code?: FlagsErrorCode): FlagStore {
  const fail = (): Promise<never> => Promise.reject(revealing(code))
  return Object.assign(memoryStore(), { head: fail, load: fail, loadAll: fail, create: fail, update: fail, delete: fail, history: fail })
}

let site: HandlerFixture | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
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
  test.each(ASKED)('gives nothing away to %s %o', async (path, init) => {
    site = new HandlerFixture({ store: failing(code) })
    const response = await site.handler()(request(path, init))
    const said = `${await response.text()} ${JSON.stringify([...response.headers])}`
    for (const secret of [...SECRETS, 'hunter2', '4711', '.ts:', 'Error:']) expect(said).not.toContain(secret)
  })

  test('is told to the host in full', async () => {
    site = new HandlerFixture({ store: failing(code) })
    const response = await site.handler()(request('/flags'))
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(site.reportedErrors).toHaveLength(1)
    expect(site.reportedErrors[0]?.message).toContain('hunter2')
  })
})

describe('trouble with the store', () => {
  test.each(['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'SCHEMA_MISSING', 'SCHEMA_OLD', 'WRITE_BLOCKED'] as const)(
    '%s of administration is a 503 that says when to come back',
    async (code) => {
      site = new HandlerFixture({ store: failing(code) })
      const response = await site.handler()(request('/flags/first/update', jsonRequest({ rollout: 1 })))
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await readProblem(response)).toMatchObject({ code, title: 'Service Unavailable', detail: expect.stringMatching(/\w/) })
    },
  )

  test('is an answer to an evaluation: the default, with the code', async () => {
    site = new HandlerFixture({ store: failing('STORE_UNAVAILABLE') })
    const response = await site.handler()(request('/flags/first?user_id=ada'))
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
    expect(site.reportedErrors).toEqual([])
  })

  test('is a 503 for a flag that must not guess', async () => {
    const schema = defineFlags({ guard: { default: true, onUnavailable: 'throw' } })
    const flags = createFlags({ store: failing('STORE_UNAVAILABLE'), schema, background: false })
    const response = await flagsHandler({ flags, public: 'evaluate' })(request('/flags/guard?user_id=ada'))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await readProblem(response)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await flags.close()
  })

  test('leaves an explanation that says which layer failed', async () => {
    site = new HandlerFixture({ store: failing('STORE_UNAVAILABLE') })
    const found = (await (await site.handler()(request('/flags/first/explain?user_id=ada'))).json()) as { layers: object[]; text: string }
    expect(found.layers).toContainEqual({ layer: 'store', state: 'failed', why: 'it cannot be reached' })
    expect(found.text).toContain('it cannot be reached')
  })
})

test('a record that cannot be read is named in the history, without what is stored', async () => {
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
  site = new HandlerFixture({ store: Object.assign(memoryStore(), { history: async () => [change] }) })
  const { changes } = (await (await site.handler()(request('/flags/first/history'))).json()) as { changes: object[] }
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
])('an onError that %s becomes a process warning, and the answer is given all the same', async (_, onError) => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  site = new HandlerFixture({ store: failing() })
  expect((await site.handler({ onError })(request('/flags'))).status).toBe(503)
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('no disk'))
  vi.restoreAllMocks()
})

test('a handler without onError answers all the same', async () => {
  site = new HandlerFixture({ store: failing() })
  const response = await flagsHandler({ flags: site.flags, authorize: () => true })(request('/flags'))
  expect(response.status).toBe(503)
})

test('whatever is no request at all is a 500, and no rejection', async () => {
  site = new HandlerFixture()
  expect((await site.handler()({} as Request)).status).toBe(500)
  expect(site.reportedErrors).toMatchObject([{ code: 'GENERAL' }])
})
