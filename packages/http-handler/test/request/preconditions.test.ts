import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem } from '../http-requests.ts'

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'first' })
  await fixture.store.update('first', { rollout: 1 })
})
afterEach(() => fixture.close())

const WRITES = [
  { what: 'an update', path: '/flags/first/update', init: (headers: Record<string, string>) => jsonRequest({ rollout: 50 }, { headers }) },
  { what: 'a delete', path: '/flags/first', init: (headers: Record<string, string>) => ({ method: 'DELETE', headers }) },
] as const

describe.each(WRITES)('$what', ({ path, init }) => {
  const write = (ifMatch: string): Promise<Response> => fixture.send(path, init({ 'If-Match': ifMatch }))

  test('with the current version in If-Match is made', async () => {
    expect((await write('"2"')).status).toBe(200)
  })

  test('with another version in If-Match is refused with both versions, and nothing is written', async () => {
    const response = await write('"1"')
    expect(response.status).toBe(412)
    expect(await readProblem(response)).toMatchObject({
      status: 412,
      title: 'Precondition Failed',
      code: 'VERSION_CONFLICT',
      versions: { expected: 1, actual: 2 },
    })
    expect(await fixture.flags.admin.get('first')).toMatchObject({ version: 2, rollout: 1 })
  })

  test('with If-Match: * is made at any version', async () => {
    expect((await write('*')).status).toBe(200)
  })

  test.each(['2', 'W/"2"', '"2", "3"', '"two"', '""', '"-1"', '"2.0"', '"9007199254740993"', '"99999999999999999999"'])(
    'with If-Match: %s is refused rather than made without the condition',
    async (ifMatch) => {
      const response = await write(ifMatch)
      expect(response.status).toBe(400)
      expect(await readProblem(response)).toMatchObject({ code: 'INVALID_HEADER', detail: expect.stringContaining('If-Match') })
      expect(await fixture.flags.admin.get('first')).toMatchObject({ version: 2 })
    },
  )
})

test('the ETag of a write serves as If-Match of the next one', async () => {
  const first = await fixture.send('/flags/first/update', jsonRequest({ rollout: 2 }))
  const headers = { 'If-Match': String(first.headers.get('etag')) }
  const second = await fixture.send('/flags/first/update', jsonRequest({ rollout: 3 }, { headers }))
  const third = await fixture.send('/flags/first/update', jsonRequest({ rollout: 4 }, { headers }))
  expect([second.status, third.status]).toEqual([200, 412])
})

test('of two updates of the same version, one is refused', async () => {
  const update = (rollout: number): Promise<Response> =>
    fixture.send('/flags/first/update', jsonRequest({ rollout }, { headers: { 'If-Match': '"2"' } }))
  const statuses = (await Promise.all([update(10), update(20)])).map(({ status }) => status)
  expect(statuses.sort()).toEqual([200, 412])
})
