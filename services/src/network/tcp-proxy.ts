import { connect, createServer, type Socket } from 'node:net'
import { listenOnLoopback } from './loopback-port.ts'

/** A loopback TCP proxy that can fail like a network. */
export interface TcpProxy {
  readonly port: number
  /** How many client connections are open now. */
  readonly connections: number
  /** Resets every open connection. New ones work. */
  drop(): void
  /** Resets every open connection and every new one until `heal()`. */
  cut(): void
  /** Delays each chunk by `ms` milliseconds in both directions; 0 ends the delay. */
  delay(ms: number): void
  /** Keeps connections open and accepts new ones, but passes no data in either direction until `heal()`. */
  blackHole(): void
  /** Ends `cut()`, `delay()` and `blackHole()`. Data that a black hole held back is delivered. */
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
  const connections = new Set<ProxiedConnection>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (faults.cut) {
      client.on('error', () => {})
      reset(client)
      return
    }
    const connection = new ProxiedConnection(client, port, faults)
    connections.add(connection)
    client.once('close', () => connections.delete(connection))
  })
  const ownPort = await listenOnLoopback(server)
  const drop = (): void => {
    for (const connection of connections) connection.reset()
  }
  const wake = (): void => {
    for (const connection of connections) connection.wake()
  }
  return {
    port: ownPort,
    get connections(): number {
      return connections.size
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

/**
 * Ends a connection with a reset. A socket that is already shutting down is destroyed instead: a reset would leave its handle open (Node
 * 20).
 */
function reset(socket: Socket | undefined): void {
  if (socket?.writableEnded) socket.destroy()
  else socket?.resetAndDestroy()
}

/** One client connection and its connection to the server, which is opened as soon as the proxy passes data. */
class ProxiedConnection {
  readonly #directions: Direction[]
  readonly #client: Socket
  readonly #connect: () => void
  #server: Socket | undefined

  constructor(client: Socket, port: number, faults: Faults) {
    this.#client = client
    const up = new Direction(client, () => this.#server, faults)
    this.#directions = [up]
    this.#connect = () => {
      if (this.#server || faults.blackHole || client.destroyed) return
      const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      this.#server = server
      this.#directions.push(new Direction(server, () => client, faults))
      server.once('connect', () => up.pump())
      server.on('error', () => reset(client))
      server.once('close', () => server.readableEnded || reset(client))
    }
    client.setNoDelay(true)
    client.on('error', () => reset(this.#server))
    client.once('close', () => client.readableEnded || reset(this.#server))
    this.#connect()
  }

  wake(): void {
    this.#connect()
    for (const direction of this.#directions) direction.pump()
  }

  reset(): void {
    reset(this.#client)
    reset(this.#server)
  }
}

/** One direction of a connection: a queue of chunks, each with the time from which it may pass. */
class Direction {
  readonly #queue: { chunk: Buffer | null; at: number }[] = []
  readonly #target: () => Socket | undefined
  readonly #faults: Faults
  #timer: NodeJS.Timeout | undefined

  constructor(source: Socket, target: () => Socket | undefined, faults: Faults) {
    this.#target = target
    this.#faults = faults
    source.on('data', (chunk) => this.#enqueue(chunk))
    source.once('end', () => this.#enqueue(null))
  }

  #enqueue(chunk: Buffer | null): void {
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
