import { createServer, connect as dial, type Socket } from 'node:net'
import { listenOnLoopback } from './ports.ts'

/** A loopback TCP proxy that can fail like a network. */
export interface TcpProxy {
  readonly port: number
  /** How many client connections are open now. */
  readonly connections: number
  /** Resets every open connection; new ones work. */
  drop(): void
  /** Resets every open connection and every new one until `heal()`. */
  cut(): void
  /** Holds each chunk back for `ms` in each direction; 0 ends it. */
  delay(ms: number): void
  /** Keeps connections open and accepts new ones, but passes nothing in either direction until `heal()`. */
  blackHole(): void
  /** Ends cut, delay and black hole. What a black hole held back is delivered. */
  heal(): void
  close(): Promise<void>
}

interface Faults {
  cut: boolean
  blackHole: boolean
  delayMs: number
}

/** Starts a proxy in front of `port` on 127.0.0.1. */
export async function tcpProxy(port: number): Promise<TcpProxy> {
  const faults: Faults = { cut: false, blackHole: false, delayMs: 0 }
  const pipes = new Set<Pipe>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (faults.cut) {
      client.on('error', () => {})
      reset(client)
      return
    }
    const pipe = new Pipe(client, port, faults)
    pipes.add(pipe)
    client.once('close', () => pipes.delete(pipe))
  })
  const ownPort = await listenOnLoopback(server)
  const drop = (): void => {
    for (const pipe of pipes) pipe.reset()
  }
  const wake = (): void => {
    for (const pipe of pipes) pipe.wake()
  }
  return {
    port: ownPort,
    get connections(): number {
      return pipes.size
    },
    drop,
    cut() {
      faults.cut = true
      drop()
    },
    delay(ms) {
      faults.delayMs = ms
    },
    blackHole() {
      faults.blackHole = true
    },
    heal() {
      Object.assign(faults, { cut: false, blackHole: false, delayMs: 0 })
      wake()
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      drop()
      await closed
    },
  }
}

/** Ends a connection with a reset. One that is being shut down already would keep its handle open for ever (Node 20). */
function reset(socket: Socket | undefined): void {
  if (socket?.writableEnded) socket.destroy()
  else socket?.resetAndDestroy()
}

/** One client connection and its counterpart; the server is dialled once the network lets anything through. */
class Pipe {
  readonly #lanes: Lane[]
  readonly #client: Socket
  readonly #dial: () => void
  #server: Socket | undefined

  constructor(client: Socket, port: number, faults: Faults) {
    this.#client = client
    const up = new Lane(client, () => this.#server, faults)
    this.#lanes = [up]
    this.#dial = () => {
      if (this.#server || faults.blackHole || client.destroyed) return
      const server = dial({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      this.#server = server
      this.#lanes.push(new Lane(server, () => client, faults))
      server.once('connect', () => up.pump())
      server.on('error', () => reset(client))
      server.once('close', () => server.readableEnded || reset(client))
    }
    client.setNoDelay(true)
    client.on('error', () => reset(this.#server))
    client.once('close', () => client.readableEnded || reset(this.#server))
    this.#dial()
  }

  wake(): void {
    this.#dial()
    for (const lane of this.#lanes) lane.pump()
  }

  reset(): void {
    reset(this.#client)
    reset(this.#server)
  }
}

/** One direction of a connection: a queue of chunks, each with the moment from which it may pass. */
class Lane {
  readonly #queue: { chunk: Buffer | null; at: number }[] = []
  readonly #target: () => Socket | undefined
  readonly #faults: Faults
  #timer: NodeJS.Timeout | undefined

  constructor(source: Socket, target: () => Socket | undefined, faults: Faults) {
    this.#target = target
    this.#faults = faults
    source.on('data', (chunk) => this.#take(chunk))
    source.once('end', () => this.#take(null))
  }

  #take(chunk: Buffer | null): void {
    this.#queue.push({ chunk, at: Date.now() + this.#faults.delayMs })
    this.pump()
  }

  pump(): void {
    clearTimeout(this.#timer)
    const target = this.#target()
    if (!target || target.connecting || target.destroyed || this.#faults.blackHole) return
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      const waitMs = this.#faults.delayMs > 0 ? next.at - Date.now() : 0
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs)
        return
      }
      this.#queue.shift()
      if (next.chunk === null) target.end()
      else target.write(next.chunk)
    }
  }
}
