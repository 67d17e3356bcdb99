import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Handler } from '../src/index.ts'

/** The handler behind a real server on the loopback, and sockets on which a test says byte by byte what a client sends. */
export class TestServer {
  readonly #server: Server
  readonly #sockets: Socket[] = []

  constructor(handler: Handler) {
    // Longer than any test: a connection that is let go the moment it is used again would be a reset of the server's, not the handler's.
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

  /** Lines of a request's head; each ends as HTTP has it. */
  head(...lines: readonly string[]): void {
    this.send(`${[...lines, 'Host: localhost', '', ''].join('\r\n')}`)
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  /** Goes away without a word. */
  vanish(): void {
    this.#socket.resetAndDestroy()
  }

  /** What has arrived once `pattern` is in it, or the connection ended. */
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
