import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem, request } from '../http-requests.ts'

let fixture: HandlerFixture
beforeEach(() => {
  fixture = new HandlerFixture()
})
afterEach(() => fixture.close())

const KINDS = [
  {
    many: 'flags',
    one: 'flag',
    code: 'FLAG',
    record: '/flags/first/record',
    key: 'first',
    patch: { owner: 'team-a' },
    removal: { owner: null },
  },
  {
    many: 'segments',
    one: 'segment',
    code: 'SEGMENT',
    record: '/segments/first',
    key: 'segment:first',
    patch: { members: ['ada'] },
    removal: { members: null },
  },
] as const

describe.each(KINDS)('$many', ({ many, one, code, record, key, patch, removal }) => {
  const create = (name = 'first', query = ''): Promise<Response> => fixture.send(`/${many}${query}`, jsonRequest({ name }))

  test('are created with a 201, their path and their version', async () => {
    const response = await create()
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`/${many}/first`)
    expect(response.headers.get('etag')).toBe('"1"')
    expect(await response.json()).toMatchObject({ [one]: { name: 'first', version: 1 }, version: 1, propagation: 'ok' })
  })

  test('have a Location below the base path', async () => {
    const response = await fixture.handler({ basePath: '/api/v1' })(request(`/api/v1/${many}`, jsonRequest({ name: 'first' })))
    expect(response.headers.get('location')).toBe(`/api/v1/${many}/first`)
  })

  test('are not created twice', async () => {
    await create()
    const response = await create()
    expect(response.status).toBe(409)
    expect(await readProblem(response)).toMatchObject({ title: 'Conflict', status: 409, code: `${code}_EXISTS`, type: 'about:blank' })
  })

  test('are listed by name', async () => {
    await create('second')
    await create('first')
    const response = await fixture.send(`/${many}`)
    expect(await response.json()).toEqual({
      [many]: [expect.objectContaining({ name: 'first' }), expect.objectContaining({ name: 'second' })],
    })
  })

  test('are read one by one, with their version as ETag', async () => {
    await create('second')
    await create('first')
    const response = await fixture.send(record)
    expect([response.status, response.headers.get('etag')]).toEqual([200, '"2"'])
    expect(await response.json()).toMatchObject({ name: 'first', version: 2, schema: expect.any(Number) })
  })

  test('are updated by a patch, in which null removes a field', async () => {
    await create()
    const response = await fixture.send(`/${many}/first/update`, jsonRequest(patch))
    expect([response.status, response.headers.get('etag')]).toEqual([200, '"2"'])
    expect(await response.json()).toMatchObject({ [one]: { ...patch, version: 2 }, version: 2, propagation: 'ok' })
    const removed = (await (await fixture.send(`/${many}/first/update`, jsonRequest(removal))).json()) as Record<string, object>
    expect(Object.keys(removed[one] ?? {})).not.toContain(Object.keys(patch)[0])
  })

  test('are deleted at a version of their own', async () => {
    await create()
    const response = await fixture.send(`/${many}/first`, { method: 'DELETE' })
    expect([response.status, await response.json()]).toEqual([200, { version: 2, propagation: 'ok' }])
    expect(await (await fixture.send(`/${many}`)).json()).toEqual({ [many]: [] })
  })

  test('that do not exist are a 404 in every operation on one', async () => {
    const asked: readonly (readonly [string, RequestInit?])[] = [
      [record],
      [`/${many}/first/update`, jsonRequest(patch)],
      [`/${many}/first`, { method: 'DELETE' }],
    ]
    for (const [path, init] of asked) {
      const response = await fixture.send(path, init)
      expect(response.status).toBe(404)
      expect(await readProblem(response)).toMatchObject({ code: `${code}_NOT_FOUND`, detail: expect.stringContaining('first') })
    }
  })

  test('have a history, newest first, with actor and reason', async () => {
    const handler = fixture.handler({ authorize: () => ({ actor: 'ada' }) })
    await handler(request(`/${many}?reason=launch%20%F0%9F%9A%80`, jsonRequest({ name: 'first' })))
    await handler(request(`/${many}/first/update`, jsonRequest(patch)))
    await handler(request(`/${many}/first?reason=gone`, { method: 'DELETE' }))
    const { changes } = (await (await fixture.send(`/${many}/first/history`)).json()) as { changes: object[] }
    expect(changes).toMatchObject([
      { version: 3, flag: key, operation: 'delete', actor: 'ada', reason: 'gone', before: patch, after: null },
      { version: 2, operation: 'update', actor: 'ada', before: { version: 1 }, after: { version: 2 } },
      { version: 1, operation: 'create', actor: 'ada', reason: 'launch 🚀', before: null, after: { name: 'first' } },
    ])
  })

  test('have a history in pages', async () => {
    await create()
    for (const _ of [1, 2, 3]) await fixture.send(`/${many}/first/update`, jsonRequest(patch))
    const versions = async (query: string): Promise<number[]> => {
      const { changes } = (await (await fixture.send(`/${many}/first/history?${query}`)).json()) as { changes: { version: number }[] }
      return changes.map(({ version }) => version)
    }
    expect(await versions('limit=2')).toEqual([4, 3])
    expect(await versions('limit=2&before=3')).toEqual([2, 1])
    expect(await versions('before=1')).toEqual([])
  })

  test.each([
    'limit=0',
    'limit=1001',
    'limit=1.5',
    'limit=-1',
    'limit=x',
    'limit=',
    'before=1e3',
    'before=99999999999999999',
    'limit=9007199254740993',
  ])('have no page %s', async (query) => {
    const response = await fixture.send(`/${many}/first/history?${query}`)
    expect(response.status).toBe(400)
    expect(await readProblem(response)).toMatchObject({ detail: expect.stringMatching(/limit|before/) })
  })

  test('have an empty history if they never existed', async () => {
    expect(await (await fixture.send(`/${many}/never/history`)).json()).toEqual({ changes: [] })
  })

  test('that break the schema are refused with the path and what was expected', async () => {
    await create()
    const wrong = one === 'flag' ? { rollout: '50', rolout: 1 } : { members: ['ada', 7] }
    const at = one === 'flag' ? 'rollout: expected a number from 0 to 100, received "50"' : 'members.1: expected a string'
    for (const response of [
      await fixture.send(`/${many}`, jsonRequest({ name: 'second', ...wrong })),
      await fixture.send(`/${many}/first/update`, jsonRequest(wrong)),
    ]) {
      expect(response.status).toBe(400)
      expect(await readProblem(response)).toMatchObject({ code: 'INVALID_FLAG', detail: expect.stringContaining(at) })
    }
    expect(await (await fixture.send(record)).json()).toMatchObject({ version: 1 })
  })

  test('are not changed if the reason is too long', async () => {
    await create()
    const reason = 'x'.repeat(2_001)
    for (const [path, init] of [
      [`/${many}/first/update?reason=${reason}`, jsonRequest(patch)],
      [`/${many}/first?reason=${reason}`, { method: 'DELETE' }],
    ] as const) {
      expect(await readProblem(await fixture.send(path, init))).toMatchObject({
        code: 'INVALID_FLAG',
        detail: expect.stringContaining('reason'),
      })
    }
    expect(await (await fixture.send(record)).json()).toMatchObject({ version: 1 })
  })
})

test('a flag that would require itself through another is refused as a conflict', async () => {
  await fixture.send('/flags', jsonRequest({ name: 'a', requires: [{ flag: 'b' }] }))
  const response = await fixture.send('/flags', jsonRequest({ name: 'b', requires: [{ flag: 'a' }] }))
  expect(response.status).toBe(409)
  expect(await readProblem(response)).toMatchObject({ code: 'PREREQUISITE_CYCLE', detail: expect.stringContaining('a') })
})

test('an update is answered by the next evaluation', async () => {
  // A snapshot for the entity tag reads the log, once at a time.
  const evaluation = async (): Promise<unknown> => await (await fixture.clock.until(fixture.send('/flags/a?user_id=ada'))).json()
  await fixture.send('/flags', jsonRequest({ name: 'a' }))
  expect(await evaluation()).toMatchObject({ enabled: false })
  await fixture.send('/flags/a/update', jsonRequest({ rollout: 100 }))
  expect(await evaluation()).toMatchObject({ enabled: true, version: 2 })
})
