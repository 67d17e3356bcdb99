import type { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test, vi } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { type EventsServer, RawEventsClient, startEventsServer } from './events-server.ts'

const CONNECTIONS = 1_000
const MB = 2 ** 20
const LONG = 'x'.repeat(128)

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

function sockets(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length
}

/** Bytes of live objects on the heap. */
async function held(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await settle()
    gc()
  }
  return process.memoryUsage().heapUsed
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

describe('event streams on a real server', () => {
  test(`${CONNECTIONS} connections all get one update, and leave nothing behind`, { timeout: 60_000 }, async () => {
    const fixture = await startEventsServer()
    const before = { sockets: sockets(), heap: await held() }
    const clients = Array.from({ length: CONNECTIONS }, () => RawEventsClient.events(fixture.port))
    await Promise.all(clients.map((client) => client.received('"type":"connected","version":1')))
    const open = { sockets: sockets(), heap: await held() }
    const reads = vi.spyOn(fixture.flags.admin, 'changes')
    const start = performance.now()
    const { version } = await fixture.flags.admin.update('a', { rollout: 100 })
    await Promise.all(clients.map((client) => client.received(`"flag":"a","version":${version}`)))
    const took = performance.now() - start
    expect(reads).toHaveBeenCalledTimes(1)
    for (const { socket } of clients.slice(0, CONNECTIONS / 2)) socket.destroy()
    for (const { text } of clients) expect(text.match(/refetchEvaluation/g)).toHaveLength(1)
    fixture.handler.close()
    await Promise.all(clients.map((client) => client.closed()))
    clients.length = 0
    await eventually(() => sockets() === before.sockets)
    const after = await held()
    console.log(
      `${CONNECTIONS} streams, both ends in this process: one update reached all in ${took.toFixed(0)} ms; ` +
        `heap ${((open.heap - before.heap) / MB).toFixed(1)} MB more with them, ${((after - before.heap) / MB).toFixed(1)} MB after them`,
    )
    expect(open.sockets - before.sockets).toBe(2 * CONNECTIONS)
    expect(after - before.heap).toBeLessThan((open.heap - before.heap) / 2)
    await fixture.stop()
  })

  describe('a client that', () => {
    const sites: EventsServer[] = []
    const withSite = async (run: (fixture: EventsServer) => Promise<void>, options?: object): Promise<void> => {
      const fixture = await startEventsServer(options)
      sites.push(fixture)
      await run(fixture)
      await fixture.stop()
    }

    test('never reads is disconnected, and delays nobody', { timeout: 60_000 }, async () => {
      // The adapter logs every stream that fails to the console.
      const written = vi.spyOn(console, 'error').mockImplementation(() => undefined)
      await withSite(async (fixture) => {
        const connected = new Promise<Socket>((resolve) => fixture.server.once('connection', resolve))
        const stuck = RawEventsClient.events(fixture.port)
        const remote = await connected
        const other = RawEventsClient.events(fixture.port)
        await Promise.all([stuck.received('connected'), other.received('connected')])
        stuck.socket.pause()
        let { version } = await fixture.store.create({ name: LONG })
        // The kernels' buffers fill up first; only then do events wait in the handler.
        while (!remote.destroyed && version < 500_000) {
          for (let change = 0; change < 500; change++) version = (await fixture.store.update(LONG, { description: String(change) })).version
          await other.received(`"version":${version}}`)
          other.text = ''
        }
        expect(remote.destroyed).toBe(true)
        stuck.socket.destroy()
        expect(other.socket.closed).toBe(false)
        console.log(`a client that reads nothing was disconnected after ${version.toLocaleString('en')} changes`)
      })
      expect(String(written.mock.calls[0]?.[0])).toContain('1,000 events unread')
      written.mockRestore()
    })

    test('sends half a header is closed by the server after its own timeout', async () => {
      await withSite(
        async (fixture) => {
          const half = new RawEventsClient(fixture.port, 'GET /events HTTP/1.1\r\nHost: x\r\nLast-Ev')
          await half.closed()
          expect(half.text).toMatch(/^HTTP\/1\.1 408 /)
        },
        { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 50 },
      )
    })

    test('resets its connection ends its stream', async () => {
      await withSite(async (fixture) => {
        const client = RawEventsClient.events(fixture.port)
        await client.received('connected')
        const reads = vi.spyOn(fixture.flags.admin, 'changes')
        client.socket.resetAndDestroy()
        await eventually(() => sockets() === 0)
        await fixture.flags.admin.update('a', { rollout: 1 })
        await settle()
        expect(reads).not.toHaveBeenCalled()
      })
    })

    test('reconnects with its last event id continues from there', async () => {
      await withSite(async (fixture) => {
        const first = RawEventsClient.events(fixture.port)
        await first.received('connected')
        const [, id] = /^id: (.*)$/m.exec(first.text) ?? []
        first.socket.destroy()
        await fixture.flags.admin.update('a', { rollout: 1 })
        const again = new RawEventsClient(fixture.port, `GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: ${id}\r\n\r\n`)
        await again.received('"version":2}')
        expect(again.text).not.toContain('connected')
        again.socket.destroy()
      })
    })
  })

  test('closing the handler lets the server close without waiting for streams', async () => {
    const fixture = await startEventsServer()
    const client = RawEventsClient.events(fixture.port)
    await client.received('connected')
    await fixture.stop()
    await client.closed()
    expect(client.text).toMatch(/\r\n0\r\n\r\n$/)
  })
})
