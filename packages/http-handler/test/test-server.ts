import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Handler } from '../src/index.ts'

/** The handler behind a real server on loopback, with raw sockets on which a test sends any bytes. */
export class TestServer {
  readonly #server: Server
  readonly #sockets: Socket[] = []

  constructor(handler: Handler) {
    // Longer than any test, so that the server does not reset an idle connection just as it is used again.
    this.#server = createAdaptorServer({ fetch: handler, serverOptions: { keepAliveTimeout: 120_000 } }) as Server
  }

  async start(): Promise<void> {
    // Room for all the connections that a test opens at once.
    this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`
  }

  async client(): Promise<RawClient> {
    const socket = connect(this.port, '127.0.0.1')
    this.#sockets.push(socket)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Resolves with how many connections are open. */
  async connections(): Promise<number> {
    return await new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
    })
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export class RawClient {
  readonly #socket: Socket
  #received = ''
  #ended = false
  #wake: () => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1')
      this.#wake()
    })
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.#ended = true
        this.#wake()
      })
    }
  }

  /** Sends the head of a request; lines end with CRLF. */
  head(...lines: readonly string[]): void {
    this.send(`${[...lines, 'Host: localhost', '', ''].join('\r\n')}`)
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  /** Resets the connection. */
  vanish(): void {
    this.#socket.resetAndDestroy()
  }

  /** Resolves with all that was received, once it matches `pattern` or the connection has ended. */
  async receive(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received) && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#received
  }

  /** Resolves when the server has ended the connection. */
  async ended(): Promise<void> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
