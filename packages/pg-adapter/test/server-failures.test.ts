import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tcpProxy } from '@flagstone/services'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { migrate, postgresStore } from '../src/index.ts'
import { databaseUrl, freshSchema, openClient, waitUntilBlocking } from './test-database.ts'

const { sql, schema, flags } = await freshSchema()
const store = postgresStore({ sql, schema })
afterAll(() => store.close())

describe('a server', () => {
  test('that cannot be reached is STORE_UNAVAILABLE for every call, and is used again once it can be', async () => {
    const url = new URL(databaseUrl)
    const proxy = await tcpProxy(Number(url.port || 5432))
    url.port = String(proxy.port)
    url.hostname = '127.0.0.1'
    const remote = postgresStore({ url: url.href, schema })
    try {
      proxy.cut()
      for (const call of [() => remote.head(), () => remote.load(['a']), () => remote.create({ name: 'x' }), () => remote.prune(1)]) {
        await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: expect.anything() })
      }
      await expect(migrate({ url: url.href, schema })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      proxy.heal()
      await vi.waitFor(() => remote.head(), { timeout: 5_000 })
      proxy.drop()
      await vi.waitFor(() => remote.head(), { timeout: 5_000 })
    } finally {
      await remote.close()
      await proxy.close()
    }
  })

  test('that does not know the role, the password or the database is STORE_UNAVAILABLE', async () => {
    const url = new URL(databaseUrl)
    url.pathname = '/no_such_database'
    const lost = postgresStore({ url: url.href })
    await expect(lost.head()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { code: '3D000' } })
    await lost.close()
  })

  test('whose client has ended is STORE_UNAVAILABLE', async () => {
    const ended = openClient()
    await ended.end()
    await expect(postgresStore({ sql: ended, schema }).head()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})

describe('a read that the caller aborts', () => {
  /** A server in front of the database that lets the first connection through and refuses every later one. */
  async function oneConnectionOnly(): Promise<{ readonly url: string; close(): Promise<void> }> {
    const target = new URL(databaseUrl)
    let first = true
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (!first) return void socket.resetAndDestroy()
      first = false
      const onward = connect(Number(target.port || 5432), target.hostname)
      sockets.push(socket, onward)
      onward.on('error', () => {})
      socket.pipe(onward).pipe(socket)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const url = new URL(databaseUrl)
    url.hostname = '127.0.0.1'
    url.port = String((server.address() as AddressInfo).port)
    return {
      url: url.href,
      async close() {
        for (const socket of sockets) socket.destroy()
        server.close()
        await once(server, 'close')
      },
    }
  }

  /** Locks the table of flags so that reads wait, and waits until one does. */
  async function stuck(begin: () => Promise<unknown>, then: () => Promise<void>): Promise<unknown> {
    let call: Promise<unknown> | undefined
    await sql.begin(async (tx) => {
      const [row] = await tx`SELECT pg_backend_pid() AS pid`
      await tx.unsafe(`LOCK TABLE ${flags} IN ACCESS EXCLUSIVE MODE`)
      call = begin().catch((error: unknown) => error)
      await waitUntilBlocking(sql, Number(row?.['pid']))
      await then()
    })
    return call
  }

  test('is cancelled on a client that Flagstone opened', async () => {
    const own = postgresStore({ url: databaseUrl, schema })
    const giveUp = new AbortController()
    let answer: unknown
    await stuck(
      () => own.load(['a'], { signal: giveUp.signal }).catch((error: unknown) => (answer = error)),
      async () => {
        giveUp.abort()
        await vi.waitFor(() => expect(answer).toMatchObject({ code: 'STORE_TIMEOUT', cause: { code: '57014' } }))
      },
    )
    await own.head()
    await own.close()
  })

  test("runs to its end on the caller's client, because a late cancel might hit another query", async () => {
    const giveUp = new AbortController()
    const answer = await stuck(
      () => store.load(['a'], { signal: giveUp.signal }),
      async () => giveUp.abort(),
    )
    expect(answer).toMatchObject({ flags: expect.any(Map) })
  })

  test('runs to its end if the server refuses the cancel request, without an unhandled rejection', async () => {
    const server = await oneConnectionOnly()
    const own = postgresStore({ url: server.url, schema })
    const giveUp = new AbortController()
    await own.head()
    const answer = await stuck(
      () => own.load(['a'], { signal: giveUp.signal }),
      async () => {
        giveUp.abort()
        await new Promise((resolve) => setTimeout(resolve, 50))
      },
    )
    expect(answer).toMatchObject({ flags: expect.any(Map) })
    await own.close()
    await server.close()
  })

  test('before it reached the server is not cancelled', async () => {
    const own = postgresStore({ url: databaseUrl, schema })
    const giveUp = new AbortController()
    const call = own.head({ signal: giveUp.signal })
    giveUp.abort()
    await call
    await own.close()
  })

  test('before it started is refused without a query', async () => {
    await expect(store.head({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'STORE_TIMEOUT' })
  })
})

test('load accepts invalid names, and finds no flag', async () => {
  const hostile = ['', 'a\0b', '\uD800', "'; DROP TABLE x; --", '{"a"}', '__proto__ ', 'a"b', 'x'.repeat(10_000)]
  const { flags: loaded } = await store.load(hostile)
  expect([...loaded]).toEqual(hostile.map((name) => [name, null]))
  expect((await store.load(['__proto__', 'constructor'])).flags.size).toBe(2)
})
