import { createServer, type Server, type ServerOptions } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createFlags, type Flags, type FlagsError, memoryStore } from '@flagstone/core'
import { getRequestListener } from '@hono/node-server'
import { settle } from '../../../core/test/manual-clock.ts'
import { flagsHandler, type Handler } from '../../src/index.ts'

/** A handler in a Node server on loopback, with the real clock. */
export interface EventsServer {
  readonly store: ReturnType<typeof memoryStore>
  readonly flags: Flags
  readonly handler: Handler
  readonly server: Server
  readonly port: number
  readonly errors: readonly FlagsError[]
  stop(): Promise<void>
}

export async function startEventsServer(options: ServerOptions = {}): Promise<EventsServer> {
  const store = memoryStore({ flags: [{ name: 'a' }] })
  const flags = createFlags({ store })
  const errors: FlagsError[] = []
  const handler = flagsHandler({ flags, authorize: () => true, onError: (error) => errors.push(error) })
  const server = createServer(options, getRequestListener(handler, { overrideGlobalObjects: false }))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    store,
    flags,
    handler,
    server,
    port: (server.address() as AddressInfo).port,
    errors,
    async stop() {
      handler.close()
      // Node closes only connections that are idle now; those that become idle later stay open for some seconds.
      await settle()
      await new Promise((resolve) => server.close(resolve))
      await flags.close()
    },
  }
}

/** A client on a raw socket. */
export class RawEventsClient {
  readonly socket: Socket
  text = ''

  constructor(port: number, request: string) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => undefined)
    this.socket.setEncoding('latin1')
    this.socket.on('data', (chunk: string) => {
      this.text += chunk
    })
    this.socket.write(request)
  }

  static events(port: number): RawEventsClient {
    return new RawEventsClient(port, 'GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
  }

  /** Resolves when it has received the text. */
  async received(what: string): Promise<void> {
    while (!this.text.includes(what)) {
      if (this.socket.closed) throw new Error(`It was closed, after ${JSON.stringify(this.text)}`)
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.socket.off('data', wake)
          this.socket.off('close', wake)
          resolve()
        }
        this.socket.on('data', wake)
        this.socket.on('close', wake)
      })
    }
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve))
  }
}
