import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Action, flagsHandler, type HandlerOptions } from '../../src/index.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem, request } from '../http-requests.ts'

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'first', rollout: 100 })
})
afterEach(() => fixture.close())

/** Every route, with the action that `authorize` must be called with. */
const ROUTES: readonly (readonly [string, RequestInit | undefined, Action])[] = [
  ['/flags/first?user_id=ada', undefined, { kind: 'evaluate', operation: 'evaluate', subject: 'flag', name: 'first' }],
  ['/openapi.json', undefined, { kind: 'evaluate', operation: 'describe', subject: 'flag' }],
  ...(['flag', 'segment'] as const).flatMap((subject): (readonly [string, RequestInit | undefined, Action])[] => [
    [`/${subject}s`, undefined, { kind: 'read', operation: 'list', subject }],
    [subject === 'flag' ? '/flags/first/record' : '/segments/first', undefined, { kind: 'read', operation: 'get', subject, name: 'first' }],
    [`/${subject}s/first/history`, undefined, { kind: 'read', operation: 'history', subject, name: 'first' }],
    [`/${subject}s`, jsonRequest({ name: 'second' }), { kind: 'write', operation: 'create', subject }],
    [`/${subject}s/first/update`, jsonRequest({ description: 'x' }), { kind: 'write', operation: 'update', subject, name: 'first' }],
    [`/${subject}s/first`, { method: 'DELETE' }, { kind: 'write', operation: 'delete', subject, name: 'first' }],
  ]),
  ['/flags/first/explain', undefined, { kind: 'read', operation: 'explain', subject: 'flag', name: 'first' }],
]

/** Calls it without types, as from JavaScript. */
function answering(verdict: unknown): Partial<HandlerOptions> {
  return { authorize: () => verdict as boolean }
}

async function unchanged(): Promise<void> {
  expect(await fixture.flags.admin.list()).toEqual([expect.objectContaining({ name: 'first', version: 1 })])
  expect(await fixture.flags.admin.segments.list()).toEqual([])
}

describe('without authorize', () => {
  test.each(ROUTES)('%s %o is refused, and the problem names the option', async (path, init) => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const response = await flagsHandler({ flags: fixture.flags })(request(path, init))
    expect(response.status).toBe(403)
    expect(await readProblem(response)).toMatchObject({ code: 'FORBIDDEN', detail: expect.stringContaining('authorize') })
    await unchanged()
    vi.restoreAllMocks()
  })

  test('the construction emits a process warning', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    flagsHandler({ flags: fixture.flags })
    expect(warn.mock.calls).toEqual([[expect.stringContaining('authorize'), { code: 'FLAGSTONE_REFUSES_ALL' }]])
    flagsHandler({ flags: fixture.flags, public: 'evaluate' })
    flagsHandler({ flags: fixture.flags, authorize: () => false })
    expect(warn).toHaveBeenCalledTimes(1)
    vi.restoreAllMocks()
  })

  test("public: 'evaluate' allows actions of kind evaluate, and nothing else", async () => {
    const handler = flagsHandler({ flags: fixture.flags, public: 'evaluate' })
    for (const [path, init, { kind }] of ROUTES) {
      expect([path, (await handler(request(path, init))).status]).toEqual([path, kind === 'evaluate' ? 200 : 403])
    }
    await unchanged()
  })
})

describe('authorize', () => {
  test.each(ROUTES)('is called before %s %o does anything', async (path, init, action) => {
    const asked: Action[] = []
    const authorize = (_: Request, about: Action): boolean => {
      asked.push(about)
      return false
    }
    const response = await fixture.handler({ authorize })(request(path, init))
    expect([response.status, asked]).toEqual([403, [action]])
    expect(await readProblem(response)).toMatchObject({ code: 'FORBIDDEN' })
    await unchanged()
  })

  test('is given the request, and may return a promise', async () => {
    const handler = fixture.handler({ authorize: async ({ headers }) => headers.get('x-user') === 'ada' })
    const ask = async (user: string): Promise<number> => (await handler(request('/flags', { headers: { 'X-User': user } }))).status
    expect([await ask('ada'), await ask('bob')]).toEqual([200, 403])
  })

  test('is not called for public actions, and is for all others', async () => {
    const asked: string[] = []
    const handler = fixture.handler({ public: 'evaluate', authorize: (_, { operation }) => asked.push(operation) > 0 })
    await handler(request('/flags/first?user_id=ada'))
    await handler(request('/flags'))
    expect(asked).toEqual(['list'])
  })

  test('is called as a method of the options', async () => {
    const options = {
      flags: fixture.flags,
      allowed: true,
      authorize(): boolean {
        return this.allowed
      },
    }
    const { allowed: _, ...rest } = options
    const handler = flagsHandler(Object.assign(Object.create({ allowed: true }), rest) as HandlerOptions)
    expect((await handler(request('/flags'))).status).toBe(200)
  })

  test('is not called for an unknown path, a wrong method or an illegal name', async () => {
    const authorize = vi.fn(() => true)
    const handler = fixture.handler({ authorize })
    await handler(request('/nothing'))
    await handler(request('/flags', { method: 'PUT' }))
    await handler(request('/flags/a%2Fb'))
    expect(authorize).not.toHaveBeenCalled()
  })

  test.each([undefined, null, 1, 'yes', '', 0, Symbol('x'), () => true])('that returns %o allows nothing', async (verdict) => {
    const response = await fixture.handler(answering(verdict))(request('/flags/first', { method: 'DELETE' }))
    expect(response.status).toBe(500)
    expect(await readProblem(response)).toMatchObject({ code: 'GENERAL', detail: 'Something went wrong.' })
    expect(fixture.reportedErrors).toMatchObject([{ code: 'GENERAL', message: expect.stringContaining('authorize') }])
    await unchanged()
  })

  test.each([7, null, {}, 'x'.repeat(201), 'a\0b', 'a\ud800'])('that returns the actor %j allows nothing', async (actor) => {
    const response = await fixture.handler(answering({ actor }))(request('/flags/first', { method: 'DELETE' }))
    expect(response.status).toBe(500)
    expect(fixture.reportedErrors).toMatchObject([{ message: expect.stringContaining('actor') }])
    await unchanged()
  })

  test.each(ROUTES)('that returns a challenge refuses %s %o with a 401', async (path, init) => {
    const response = await fixture.handler({ authorize: () => ({ challenge: 'Bearer realm="flags"' }) })(request(path, init))
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="flags"'])
    expect(await readProblem(response)).toMatchObject({ code: 'UNAUTHENTICATED', title: 'Unauthorized' })
    expect(fixture.reportedErrors).toEqual([])
    await unchanged()
  })

  test.each([undefined, null, '', ' ', 7, 'a\nSet-Cookie: b', 'a\0', 'ä', 'x'.repeat(501)])(
    'that returns the challenge %j allows nothing',
    async (challenge) => {
      const handler = fixture.handler(answering({ challenge, actor: 'ada' }))
      expect((await handler(request('/flags/first', { method: 'DELETE' }))).status).toBe(500)
      expect(fixture.reportedErrors).toMatchObject([{ message: expect.stringContaining('challenge') }])
      await unchanged()
    },
  )

  test('that returns an object without an actor allows', async () => {
    expect((await fixture.handler(answering({}))(request('/flags/first', { method: 'DELETE' }))).status).toBe(200)
  })

  test.each([
    () => {
      throw new Error('no route to ldap://10.0.0.7')
    },
    () => Promise.reject(new Error('no route to ldap://10.0.0.7')),
    () => Promise.reject(undefined),
  ])('that throws refuses with a 500 that tells nothing, and the host is told', async (authorize) => {
    const response = await fixture.handler({ authorize })(request('/flags/first', { method: 'DELETE' }))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('ldap')
    expect(fixture.reportedErrors).toMatchObject([{ code: 'GENERAL', message: expect.stringContaining('authorize threw') }])
    await unchanged()
  })

  test('that reads the body causes an error that says so', async () => {
    const authorize = async (asked: Request): Promise<boolean> => (await asked.text()) !== ''
    const response = await fixture.handler({ authorize })(request('/flags', jsonRequest({ name: 'second' })))
    expect(response.status).toBe(500)
    expect(fixture.reportedErrors).toMatchObject([{ message: expect.stringContaining('body') }])
    await unchanged()
  })

  test('is the only source of the actor', async () => {
    const named = { name: 'second', actor: 'mallory' }
    expect((await fixture.send('/flags', jsonRequest(named))).status).toBe(400)
    expect((await fixture.send('/flags?actor=mallory', jsonRequest({ name: 'second' }))).status).toBe(400)
    await fixture.handler({ authorize: () => ({ actor: 'ada' }) })(
      request('/flags', jsonRequest({ name: 'second' }, { headers: { 'X-Actor': 'mallory', Actor: 'mallory' } })),
    )
    expect(await fixture.flags.admin.history('second')).toMatchObject([{ actor: 'ada' }])
  })
})
