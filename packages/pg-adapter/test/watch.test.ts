import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChannelListener, Hint, Unsubscribe } from '@flagstone/core/adapter'
import { tcpProxy } from '@flagstone/services'
import postgres from 'postgres'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openClientFromUrl } from '../src/connection/own-client.ts'
import { postgresStore } from '../src/index.ts'
import { ListenChannel } from '../src/watch/listen-channel.ts'
import { databaseUrl, freshSchema, openClient } from './test-database.ts'

const { sql, schema, flags } = await freshSchema()

interface Recorder extends ChannelListener {
  readonly heard: string[]
  readonly hints: Hint[]
  readonly causes: unknown[]
}

function recorder(): Recorder {
  const heard: string[] = []
  const hints: Hint[] = []
  const causes: unknown[] = []
  return {
    heard,
    hints,
    causes,
    onHint: (hint) => void hints.push(hint),
    onResync: () => void heard.push('resync'),
    onDown: (cause) => {
      heard.push('down')
      causes.push(cause)
    },
  }
}

const eventually = (assertion: () => unknown) => vi.waitFor(assertion, { timeout: 10_000, interval: 5 })

/** The backends that LISTEN to the schema of this file. */
async function listeners(): Promise<number[]> {
  const rows = await sql`SELECT pid FROM pg_stat_activity WHERE query = ${`LISTEN "flagstone:${schema}"`}`
  return rows.map((row) => Number(row['pid']))
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await eventually(async () => expect(await listeners()).toEqual([]))
})

function storeOn(url: string): ReturnType<typeof postgresStore> {
  const store = postgresStore({ url, schema })
  ends.push(() => store.close())
  return store
}

/** The sockets of this process to a port. A proxy that drops packets does not see them end. */
function socketsTo(port: number): number {
  const { _getActiveHandles: handles } = process as unknown as { readonly _getActiveHandles: () => readonly object[] }
  return handles.call(process).filter((handle) => 'remotePort' in handle && handle.remotePort === port).length
}

async function proxied(): Promise<{ readonly url: string; readonly proxy: Awaited<ReturnType<typeof tcpProxy>> }> {
  const url = new URL(databaseUrl)
  const proxy = await tcpProxy(Number(url.port || 5432))
  ends.push(() => proxy.close())
  url.port = String(proxy.port)
  url.hostname = '127.0.0.1'
  return { url: url.href, proxy }
}

describe('a watcher', () => {
  test('has its own connection, named flagstone, with the settings of the given client', async () => {
    const given = openClient({ max: 1 })
    ends.push(() => given.end())
    const store = postgresStore({ sql: given, schema })
    const end = await store.watch?.(recorder())
    const [row] = await sql`SELECT application_name, usename FROM pg_stat_activity WHERE pid = ANY(${await listeners()})`
    const [me] = await given`SELECT current_user AS name`
    expect(row).toEqual({ application_name: 'flagstone', usename: me?.['name'] })
    await end?.()
    await end?.()
    await eventually(async () => expect(await listeners()).toEqual([]))
    expect(await given`SELECT 1 AS one`).toEqual([{ one: 1 }])
  })

  test('gets every change of a transaction at once, by SQL or not, and none of one that was rolled back', async () => {
    const store = storeOn(databaseUrl)
    const heard = recorder()
    await store.watch?.(heard)
    await sql
      .begin(async (tx) => {
        await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('rolled-back')`)
        throw new Error('no')
      })
      .catch(() => {})
    await sql.begin(async (tx) => {
      await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('one')`)
      await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('two')`)
      expect(heard.hints).toEqual([])
    })
    await eventually(() => expect(heard.hints.length).toBe(2))
    const { flags: loaded } = await store.load(['one', 'two'])
    expect(heard.hints).toEqual(['one', 'two'].map((name) => ({ name, version: (loaded.get(name) as { version: number }).version })))
    await sql.unsafe(`TRUNCATE ${flags}`)
    await eventually(() => expect(heard.hints.length).toBe(4))
  })

  test('ignores invalid notifications from other sessions', async () => {
    const store = storeOn(databaseUrl)
    const heard = recorder()
    await store.watch?.(heard)
    for (const payload of ['', 'nonsense', '1:', ':a', '1:a b', '-1:a', `1${'0'.repeat(20)}:a`, '1:a\n']) {
      await sql`SELECT pg_notify(${`flagstone:${schema}`}, ${payload})`
    }
    await sql`SELECT pg_notify(${`flagstone:${schema}`}, '7:last')`
    await eventually(() => expect(heard.hints).toEqual([{ name: 'last', version: 7 }]))
  })

  test('is told once that its connection was lost, resyncs, and gets later changes', async () => {
    const store = storeOn(databaseUrl)
    const heard = recorder()
    await store.watch?.(heard)
    for (let round = 1; round <= 3; round += 1) {
      await sql`SELECT pg_terminate_backend(pid) FROM unnest(${await listeners()}::int[]) pid`
      await eventually(() => expect(heard.heard.filter((word) => word === 'resync').length).toBe(round + 1))
    }
    expect(heard.heard).toEqual(['resync', 'down', 'resync', 'down', 'resync', 'down', 'resync'])
    expect(heard.causes[0]).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await store.create({ name: 'afterwards' })
    await eventually(() => expect(heard.hints).toMatchObject([{ name: 'afterwards' }]))
    await store.delete('afterwards')
  })

  test('is told once that the server cannot be reached, and resyncs when it can', async () => {
    const { url, proxy } = await proxied()
    proxy.cut()
    const heard = recorder()
    await storeOn(url).watch?.(heard)
    expect(heard.heard).toEqual(['down'])
    expect(heard.causes[0]).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: expect.anything() })
    proxy.heal()
    await eventually(() => expect(heard.heard).toEqual(['down', 'resync']))
    proxy.drop()
    await eventually(() => expect(heard.heard).toEqual(['down', 'resync', 'down', 'resync']))
  })

  test('notices a connection that stays open but does not answer', async () => {
    const { url, proxy } = await proxied()
    const heard = recorder()
    const timing = { pingMs: 20, answerMs: 200, retryMs: 10, maxRetryMs: 50 }
    const channel = new ListenChannel(schema, heard, (options) => openClientFromUrl('url', url, options), timing)
    ends.push(() => channel.end())
    await channel.open()
    proxy.blackHole()
    await eventually(() => expect(heard.heard).toEqual(['resync', 'down']))
    proxy.heal()
    await eventually(() => expect(heard.heard).toEqual(['resync', 'down', 'resync']))
    await channel.end()
    await eventually(() => expect(socketsTo(proxy.port)).toBe(0))
    expect(heard.heard).toEqual(['resync', 'down', 'resync'])
  })

  test('can bypass a pooler with listenUrl', async () => {
    const { url, proxy } = await proxied()
    const store = postgresStore({ sql, schema, listenUrl: url })
    ends.push(() => store.close())
    const heard = recorder()
    await store.watch?.(heard)
    expect(heard.heard).toEqual(['resync'])
    expect(proxy.connections).toBe(1)
    await store.close()
    await eventually(() => expect(proxy.connections).toBe(0))
  })

  test('does not wait for a server that does not answer', async () => {
    const { url, proxy } = await proxied()
    proxy.blackHole()
    const store = storeOn(url)
    const heard = recorder()
    const end = (await store.watch?.(heard)) as Unsubscribe
    expect(heard.heard).toEqual([])
    expect(socketsTo(proxy.port)).toBe(1)
    await end()
    await eventually(() => expect(socketsTo(proxy.port)).toBe(0))
    expect(heard.heard).toEqual([])
  })
})

describe('close()', () => {
  test('ends the connections of the store, may be called twice, and later calls are refused', async () => {
    const { url, proxy } = await proxied()
    const store = postgresStore({ url, schema })
    await store.watch?.(recorder())
    await Promise.all([store.head(), store.head(), store.load(['a'])])
    expect(proxy.connections).toBeGreaterThan(1)
    await Promise.all([store.close(), store.close()])
    await store.close()
    await eventually(() => expect(proxy.connections).toBe(0))
    for (const call of [() => store.head(), () => store.create({ name: 'a' }), () => store.watch?.(recorder())]) {
      await expect(call()).rejects.toMatchObject({ code: 'CLOSED' })
    }
  })

  test('ends a store whose server no longer answers, and its pending calls settle', async () => {
    const { url, proxy } = await proxied()
    const store = postgresStore({ url, schema })
    await store.watch?.(recorder())
    await store.head()
    proxy.blackHole()
    const calls = [store.load(['a']), store.update('a', { rollout: 1 }), store.loadAll()].map((call) =>
      call.catch((error: unknown) => error),
    )
    await new Promise(setImmediate)
    await store.close()
    for (const call of calls) expect(await call).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await eventually(() => expect(socketsTo(proxy.port)).toBe(0))
  })

  test('does not close a client that was passed in', async () => {
    const given = openClient()
    ends.push(() => given.end())
    const store = postgresStore({ sql: given, schema })
    await store.head()
    await store.close()
    expect(await given`SELECT 1 AS one`).toEqual([{ one: 1 }])
  })
})

describe('a client with its own socket function', () => {
  test('is watched through that function', async () => {
    const target = new URL(databaseUrl)
    let dialled = 0
    const given = postgres(databaseUrl, {
      max: 1,
      socket: () => {
        dialled += 1
        return new Promise((resolve) => {
          const socket = connect(Number(target.port || 5432), target.hostname, () => resolve(socket))
        })
      },
    } as object)
    ends.push(() => given.end())
    const store = postgresStore({ sql: given, schema })
    ends.push(() => store.close())
    const heard = recorder()
    await store.watch?.(heard)
    expect(heard.heard).toEqual(['resync'])
    expect(dialled).toBe(1)
  })

  test('on a Unix socket is watched on that socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flagstone-'))
    const target = new URL(databaseUrl)
    const server = createServer((socket) => {
      const onward = connect(Number(target.port || 5432), target.hostname)
      for (const end of [socket, onward]) end.on('error', () => {})
      socket.pipe(onward).pipe(socket)
    })
    const path = join(folder, '.s.PGSQL.5432')
    await once(server.listen(path), 'listening')
    ends.push(async () => {
      server.close()
      await rm(folder, { recursive: true })
    })
    const given = openClient({ path })
    ends.push(() => given.end())
    const store = postgresStore({ sql: given, schema })
    ends.push(() => store.close())
    const heard = recorder()
    await store.watch?.(heard)
    await store.create({ name: 'by-path' })
    await eventually(() => expect(heard.hints).toMatchObject([{ name: 'by-path' }]))
  })

  test('with several hosts is watched on the next host if the first is down', async () => {
    const { url, proxy } = await proxied()
    proxy.cut()
    const target = new URL(databaseUrl)
    const both = new URL(url)
    const heard = recorder()
    const hosts = `127.0.0.1:${proxy.port},${target.hostname}:${target.port || 5432}`
    await storeOn(both.href.replace(both.host, hosts)).watch?.(heard)
    await eventually(() => expect(heard.heard.at(-1)).toBe('resync'))
  })
})
