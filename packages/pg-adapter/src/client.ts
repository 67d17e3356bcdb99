import { connect, type Socket } from 'node:net'
import { FlagsError } from '@flagstone/core/adapter'
import postgres, { type Options, type Sql } from 'postgres'

/** A client that we opened, and that we therefore close. */
export interface OwnClient {
  readonly sql: Sql
  /** Breaks every open connection at once; the client stays usable and connects again. */
  cut(): void
  /** Lets running queries finish for at most a second. Afterwards no handle is left, whatever the network does. Never rejects. */
  end(): Promise<void>
}

type PgOptions = Options<Record<never, never>>

/** The parsed options of a client, as postgres.js hands them on to `options.socket`. */
interface Parsed {
  readonly host: readonly string[]
  readonly port: readonly number[]
  readonly path: string | false | undefined
}

// By itself postgres.js waits up to 20 s before it connects again, in a timer that outlives `end()`.
function reconnectDelay(attempt: number): number {
  return Math.min(2 ** attempt / 100, 0.5) * (0.5 + Math.random() / 2)
}

const OURS = {
  // postgres.js asks for array types after it has connected, and does not listen when that fails: the process would crash.
  fetch_types: false,
  connection: { application_name: 'flagstone' },
  connect_timeout: 5,
  backoff: reconnectDelay,
  onnotice: (): void => {},
  debug: false,
} as const

/**
 * Opens a client that keeps hold of its sockets: `end()` of postgres.js only half-closes them, and on a network that swallows packets
 * the process would not end for minutes.
 */
function open(make: (socket: (options: Parsed) => Promise<Socket>) => Sql, given?: (options: unknown) => unknown): OwnClient {
  const sockets = new Set<Socket>()
  let next = 0
  let ended = false
  const dial = async (options: Parsed): Promise<Socket> => {
    // A reconnect that was due when the client ended.
    if (ended) throw Object.assign(new Error('The client has ended.'), { code: 'CONNECTION_ENDED' })
    const index = next++ % options.port.length
    const [host, port] = [options.host[index] as string, options.port[index] as number]
    const socket = given ? ((await given(options)) as Socket) : options.path ? connect(options.path) : connect(port, host)
    // postgres.js reads them off the socket: for the server name of TLS, and for its messages.
    if (!given) Object.assign(socket, { host, port })
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    return socket
  }
  const sql = make(dial)
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    sql,
    cut,
    async end() {
      await sql.end({ timeout: 1 })
      ended = true
      cut()
    },
  }
}

/** Opens a client on a URL. Nothing connects before the first query. Throws `INVALID_OPTIONS`, naming the option, for what is no URL. */
export function openUrl(option: string, url: string, options: PgOptions): OwnClient {
  try {
    return open((socket) => postgres(url, { ...OURS, ...options, socket } as unknown as PgOptions))
  } catch (cause) {
    // Without the value: it may hold a password.
    throw new FlagsError('INVALID_OPTIONS', `The option ${option} is not a URL that postgres.js can read.`, { cause })
  }
}

/** Opens a client of our own to the server that another client talks to. */
export function openLike(sql: Sql, options: PgOptions): OwnClient {
  const { socket: given, connection, ...parsed } = sql.options as unknown as Readonly<Record<string, unknown>>
  // `shared` marks options as parsed already; it also holds state, so it must not be shared with the other client.
  const own = { parameters: {}, shared: { retries: 0, typeArrayMap: {} }, transform: { column: {}, value: {}, row: {} } }
  return open(
    (socket) =>
      postgres({
        ...parsed,
        ...OURS,
        ...own,
        connection: { ...(connection as object), ...OURS.connection },
        ...options,
        socket,
      } as unknown as PgOptions),
    given as ((options: unknown) => unknown) | undefined,
  )
}
