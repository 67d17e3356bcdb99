import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** The result of one run of requests. */
export interface LoadResult {
  readonly perSecond: number
  /** The latency of each request in milliseconds, in ascending order. */
  readonly latenciesMs: readonly number[]
}

const HEAD_END = '\r\n\r\n'

/** A cheap HTTP client for load tests: plain sockets, one request at a time on each. */
export class LoadClient {
  readonly #sockets: Socket[] = []
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** Sends `count` requests, `inFlight` at a time; `ask` returns the text of each. Rejects if a status is not 200 or 304. */
  async run(count: number, inFlight: number, ask: (index: number) => string): Promise<LoadResult> {
    while (this.#sockets.length < inFlight) this.#sockets.push(await this.#open())
    const latenciesMs: number[] = []
    let next = 0
    const from = performance.now()
    await Promise.all(
      this.#sockets.slice(0, inFlight).map(async (socket) => {
        while (next < count) {
          const sent = performance.now()
          await exchange(socket, ask(next++))
          latenciesMs.push(performance.now() - sent)
        }
      }),
    )
    const seconds = (performance.now() - from) / 1000
    return { perSecond: latenciesMs.length / seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async #open(): Promise<Socket> {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
    await once(socket, 'connect')
    return socket
  }
}

/** Sends one request and resolves when the whole response has arrived. */
function exchange(socket: Socket, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = ''
    let length = -1
    const end = (error?: Error): void => {
      socket.off('data', onData)
      socket.off('close', onClose)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onClose = (): void => end(new Error('the server closed the connection'))
    const onData = (chunk: string): void => {
      received += chunk
      if (length < 0) length = wholeLength(received)
      if (length < 0 || received.length < length) return
      const isFine = received.startsWith('HTTP/1.1 200') || received.startsWith('HTTP/1.1 304')
      end(isFine ? undefined : new Error(received.slice(0, 300)))
    }
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.write(request)
  })
}

/** The length of the whole response in bytes; -1 if its head is not complete. */
function wholeLength(received: string): number {
  const head = received.indexOf(HEAD_END)
  if (head < 0) return -1
  const [, bytes = '0'] = /content-length: (\d+)/i.exec(received.slice(0, head)) ?? []
  return head + HEAD_END.length + Number(bytes)
}

export function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
}

export function post(path: string, body: string): string {
  const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n${body}`
}
