import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../core/test/manual-clock.ts'
import { HandlerFixture } from './handler-fixture.ts'
import { jsonRequest } from './http-requests.ts'
import { TestServer } from './test-server.ts'

let fixture: HandlerFixture
let server: TestServer
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'first', rollout: 100 })
  server = new TestServer(fixture.handler())
  await server.start()
})
afterEach(async () => {
  await server.stop()
  expect(fixture.reportedErrors).toEqual([])
  await fixture.close()
})

const UPDATE = ['POST /flags/first/update HTTP/1.1', 'Content-Type: application/json'] as const

async function alive(): Promise<void> {
  const response = await fetch(server.url('/flags/first?user_id=ada'))
  expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ enabled: true })])
}

async function unwritten(): Promise<void> {
  expect(await fixture.flags.admin.get('first')).toMatchObject({ version: 1 })
}

/** Waits, turn by turn of the event loop, until the condition holds; the test's time limit is the cap. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await settle(1)
}

describe('the handler on a real server', () => {
  test('GET, HEAD, OPTIONS and an update are answered as through the handler', async () => {
    await alive()
    const head = await fetch(server.url('/flags/first?user_id=ada'), { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([200, 'application/json', ''])
    const options = await fetch(server.url('/flags/first'), { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow'), await options.text()]).toEqual([204, 'GET, HEAD, DELETE, OPTIONS', ''])
    const updated = await fetch(server.url('/flags/first/update'), jsonRequest({ rollout: 0 }, { headers: { 'If-Match': '"1"' } }))
    expect([updated.status, updated.headers.get('etag')]).toEqual([200, '"2"'])
  })

  test('a body that breaks off in the middle writes nothing', async () => {
    const client = await server.client()
    client.head(...UPDATE, 'Content-Length: 100')
    client.send('{"rollout": 0')
    await until(async () => (await server.connections()) === 1)
    await settle(50)
    client.vanish()
    await until(async () => (await server.connections()) === 0)
    await settle(50)
    await unwritten()
    await alive()
  })

  test('a body that hangs delays no other request, and is given up after 10 s', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => server.client()))
    for (const client of clients) {
      client.head(...UPDATE, 'Content-Length: 100')
      client.send('{')
    }
    await alive()
    await until(async () => fixture.clock.pending >= clients.length)
    await fixture.clock.advance(10_000)
    for (const client of clients) {
      expect(await client.receive(/BODY_TIMEOUT/)).toContain('HTTP/1.1 408')
      await client.ended()
    }
    await unwritten()
    await alive()
  })

  test('an endless body is refused at the limit, and its connection closed', async () => {
    const client = await server.client()
    client.head(...UPDATE, 'Transfer-Encoding: chunked')
    const chunk = `2710\r\n${' '.repeat(10_000)}\r\n`
    for (let sent = 0; sent < 20; sent++) client.send(chunk)
    expect(await client.receive(/BODY_TOO_LARGE/)).toContain('HTTP/1.1 413')
    await client.ended()
    await alive()
  })

  test('a declared length over the limit is refused before a byte of the body arrives', async () => {
    const client = await server.client()
    client.head(...UPDATE, 'Content-Length: 100001')
    expect(await client.receive(/BODY_TOO_LARGE/)).toContain('HTTP/1.1 413')
    await client.ended()
  })

  test('a client that leaves during its response does not affect the others', async () => {
    for (let number = 0; number < 50; number++) await fixture.store.create({ name: `flag-${number}`, description: 'x'.repeat(2_000) })
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.client()))
    for (const client of clients) client.head('GET /flags HTTP/1.1')
    await clients[0]?.receive(/200 OK/)
    for (const client of clients) client.vanish()
    await until(async () => (await server.connections()) === 0)
    await alive()
  })

  test.each([
    'GET /flags/../../etc/passwd HTTP/1.1',
    'GET /flags/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1',
    'GET /flags/a%00b HTTP/1.1',
    'GET /flags/a%0d%0aX-Injected:%20yes HTTP/1.1',
    'GET /flags/first?user_id=%0d%0aX-Injected:%20yes&user_id=b HTTP/1.1',
    'GET //evil.example/flags HTTP/1.1',
    'GET http://evil.example/nothing HTTP/1.1',
    'GET /flags/a\\..\\b HTTP/1.1',
    'BREW /flags HTTP/1.1',
  ])('%s is refused, and nothing of it is a header of the answer', async (line) => {
    const client = await server.client()
    client.head(line, 'Connection: close')
    await client.ended()
    const received = await client.receive(/$/)
    expect(received).toMatch(/^HTTP\/1\.1 40\d /)
    expect(received.split('\r\n\r\n')[0]).not.toMatch(/X-Injected|evil/i)
  })

  test('10,000 requests on 1,000 connections are all answered', { timeout: 60_000 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1_000 })
    const statuses = await Promise.all(
      Array.from({ length: 10_000 }, async (_, number) => {
        const [response] = (await once(get(server.url(`/flags/first?user_id=user-${number}`), { agent }), 'response')) as [IncomingMessage]
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk as Buffer)
        const { targetingKey } = JSON.parse(Buffer.concat(chunks).toString()) as { targetingKey: string }
        return response.statusCode === 200 && targetingKey === `user-${number}`
      }),
    )
    agent.destroy()
    expect(statuses.filter((isRight) => !isRight)).toEqual([])
  })
})
