import { bearerToken, flagsHandler, type Handler } from '@flagstone/http-handler'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Chain, waitUntil } from './service-chain.ts'

const on = 'new_feature'
const TOKEN = 'write-0123456789abcdef'

let chain: Chain
let handler: Handler
beforeEach(async () => {
  chain = new Chain()
  await chain.start()
  handler = overHttp()
})
afterEach(() => chain.end())

/** Another process. */
function overHttp(): Handler {
  return flagsHandler({
    flags: chain.client(),
    public: 'evaluate',
    authorize: bearerToken({ write: { token: TOKEN, actor: 'ada' } }),
    onError: (error) => chain.errors.push(error),
  })
}

async function send(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method, headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json', ...headers } }
  return await handler(new Request(`http://localhost${path}`, body === undefined ? init : { ...init, body: JSON.stringify(body) }))
}

describe('the handler on PostgreSQL and Redis', () => {
  test('keeps the answer of GET /flags/{name} in Redis as flag_endpoint, for 60 s', async () => {
    expect((await send('POST', '/flags', { name: on, rollout: 50 })).status).toBe(201)
    const users = ['ada', 'bob', 'eve']
    // Another process, because the writer has the flag in memory and does not read Redis.
    const elsewhere = overHttp()
    const [first, ...others] = users
    const answers = [await elsewhere(new Request(`http://localhost/flags/${on}?user_id=${first}`))]
    for (const user of others) answers.push(await overHttp()(new Request(`http://localhost/flags/${on}?user_id=${user}`)))
    const expected = users.map((user) => `flag_endpoint:${on}:${user}`)
    await waitUntil(async () => (await chain.keys()).filter((key) => key.startsWith('flag_endpoint:')).length === users.length)
    expect((await chain.keys()).filter((key) => key.startsWith('flag_endpoint:'))).toEqual(expected)
    for (const key of expected) {
      const seconds = (await chain.redis.pttl(chain.prefix + key)) / 1_000
      expect(seconds).toBeGreaterThan(50)
      expect(seconds).toBeLessThanOrEqual(60)
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const { source, ...again } = (await (await overHttp()(new Request(`http://localhost/flags/${on}?user_id=ada`))).json()) as {
      source: string
    }
    expect(source).toBe('decision')
    expect(answers[0] && (await answers[0].json())).toMatchObject({ ...again })
  })

  test('an update by POST /flags/{name}/update reaches every process at once', async () => {
    await send('POST', '/flags', { name: on })
    const elsewhere = overHttp()
    const ask = async (query: string): Promise<unknown> =>
      await (await elsewhere(new Request(`http://localhost/flags/${on}?user_id=ada${query}`))).json()
    expect(await ask('')).toMatchObject({ enabled: false })
    const updated = await send('POST', `/flags/${on}/update?reason=launch`, { rollout: 100 }, { 'If-Match': '"1"' })
    expect([updated.status, updated.headers.get('etag'), await updated.json()]).toMatchObject([200, '"2"', { propagation: 'ok' }])
    expect(await ask('&min_version=2')).toMatchObject({ enabled: true, version: 2 })
  })

  test('handles a conflict, a history with its actor, and a delete as on any store', async () => {
    await send('POST', '/flags', { name: on })
    const conflict = await send('POST', `/flags/${on}/update`, { rollout: 1 }, { 'If-Match': '"9"' })
    expect([conflict.status, await conflict.json()]).toMatchObject([412, { versions: { expected: 9, actual: 1 } }])
    expect((await send('DELETE', `/flags/${on}?reason=gone`)).status).toBe(200)
    const { changes } = (await (await send('GET', `/flags/${on}/history`)).json()) as { changes: object[] }
    expect(changes).toMatchObject([
      { operation: 'delete', actor: 'ada', reason: 'gone' },
      { operation: 'create', actor: 'ada' },
    ])
  })

  test('answers 503 without any SQL if a table is missing', async () => {
    await chain.sql.unsafe(`ALTER TABLE "${chain.schema}".feature_flags RENAME TO elsewhere`)
    const response = await send('POST', '/flags', { name: on })
    const text = await response.text()
    expect([response.status, JSON.parse(text).code]).toEqual([503, 'SCHEMA_MISSING'])
    expect(text).not.toMatch(/relation|feature_flags|elsewhere|select|insert/i)
  })
})
