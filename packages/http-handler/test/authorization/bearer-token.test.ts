import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BearerTokens, bearerToken } from '../../src/index.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem, request } from '../http-requests.ts'

const EVALUATE = 'evaluate-0123456789'
const READ = 'read-0123456789abcd'
const WRITE = 'write-0123456789abc'

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'first' })
})
afterEach(() => fixture.close())

async function statuses(tokens: BearerTokens, authorization: string | undefined): Promise<number[]> {
  const handler = fixture.handler({ authorize: bearerToken(tokens) })
  const headers = authorization === undefined ? {} : { Authorization: authorization }
  const asked = [
    request('/flags/first', { headers }),
    request('/flags', { headers }),
    request('/flags/first/update', jsonRequest({}, { headers })),
  ]
  const found: number[] = []
  for (const each of asked) found.push((await handler(each)).status)
  return found
}

describe('bearerToken', () => {
  const tokens: BearerTokens = { evaluate: EVALUATE, read: [READ], write: { token: WRITE, actor: 'deploy' } }

  test('allows each kind of action to its own tokens and to those above it', async () => {
    expect(await statuses(tokens, `Bearer ${EVALUATE}`)).toEqual([200, 403, 403])
    expect(await statuses(tokens, `Bearer ${READ}`)).toEqual([200, 200, 403])
    expect(await statuses(tokens, `Bearer ${WRITE}`)).toEqual([200, 200, 200])
  })

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${WRITE}`,
    WRITE,
    `Bearer ${WRITE}x`,
    `Bearer ${WRITE.slice(0, -1)}`,
    `Bearer ${WRITE.toUpperCase()}`,
    `Bearer ${WRITE}, Bearer ${WRITE}`,
    `Bearer ${'x'.repeat(100_000)}`,
    'Bearer undefined',
    'Bearer [object Object]',
  ])('opens nothing to %j', async (authorization) => {
    expect(await statuses(tokens, authorization?.slice(0, 60_000))).toEqual([401, 401, 401])
  })

  test.each([
    [{}, 'Bearer'],
    [{ Authorization: `Bearer ${WRITE}x` }, 'Bearer error="invalid_token"'],
  ])('says what is wanted to %j', async (headers, challenge) => {
    const response = await fixture.handler({ authorize: bearerToken(tokens) })(request('/flags', { headers }))
    expect([response.headers.get('www-authenticate'), await readProblem(response)]).toMatchObject([challenge, { code: 'UNAUTHENTICATED' }])
  })

  test('accepts the scheme in any case, as HTTP demands', async () => {
    expect(await statuses(tokens, `bearer ${WRITE}`)).toEqual([200, 200, 200])
  })

  test('allows nothing of a kind that has no token', async () => {
    expect(await statuses({ read: READ }, `Bearer ${READ}`)).toEqual([200, 200, 403])
  })

  test("logs a change as its token's actor", async () => {
    await statuses(tokens, `Bearer ${WRITE}`)
    expect(await fixture.flags.admin.history('first')).toMatchObject([{ operation: 'update', actor: 'deploy' }, {}])
  })

  test('tells several tokens of a kind apart', async () => {
    const other = 'another-0123456789abc'
    const many: BearerTokens = {
      write: [
        { token: WRITE, actor: 'deploy' },
        { token: other, actor: 'ada' },
      ],
    }
    await statuses(many, `Bearer ${other}`)
    await statuses(many, `Bearer ${WRITE}`)
    expect(await fixture.flags.admin.history('first')).toMatchObject([{ actor: 'deploy' }, { actor: 'ada' }, {}])
  })

  test.each([
    [undefined, 'tokens'],
    [[], 'tokens'],
    [{}, 'one token at least'],
    [{ write: undefined }, 'write'],
    [{ write: '' }, 'write'],
    [{ write: 'short' }, '16'],
    [{ write: `${WRITE} ` }, 'write'],
    [{ write: [WRITE, undefined] }, 'write'],
    [{ write: { actor: 'ada' } }, 'write'],
    [{ write: { token: WRITE, actor: 7 } }, 'actor'],
    [{ write: { token: WRITE, actor: 'x'.repeat(201) } }, 'actor'],
    [{ admin: WRITE }, 'admin'],
    [{ read: WRITE, write: WRITE }, 'twice'],
  ])('of %j throws and says what is wrong, without the token', (given, what) => {
    const made = (): unknown => bearerToken(given as BearerTokens)
    expect(made).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(what) }))
    expect(made).not.toThrow(WRITE)
  })
})
