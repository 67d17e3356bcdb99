import { connect, type Socket } from 'node:net'
import { FlagsError } from '@flagstone/core/adapter'
import postgres, { type Options, type Sql } from 'postgres'

/** A client that Flagstone opened, and that Flagstone closes. */
export interface OwnClient {
  readonly sql: Sql
  /** Destroys every open connection at once. The client stays usable and connects again. */
  dropConnections(): void
  /** Waits at most one second for running queries, then closes. No handle stays open, even on a broken network. Never rejects. */
  end(): Promise<void>
}

type PgOptions = Options<Record<never, never>>

/** The parsed options of a client, as postgres.js passes them to `options.socket`. */
interface ParsedOptions {
  readonly host: readonly string[]
  readonly port: readonly number[]
  readonly path: string | false | undefined
}

// By default postgres.js waits up to 20 s before it reconnects, in a timer that `end()` does not clear.
function reconnectDelay(attempt: number): number {
  return Math.min(2 ** attempt / 100, 0.5) * (0.5 + Math.random() / 2)
}

const OWN_OPTIONS = {
  // With `fetch_types`, postgres.js queries array types after it connects, and does not handle the rejection: the process would crash.
  fetch_types: false,
  connection: { application_name: 'flagstone' },
  connect_timeout: 5,
  backoff: reconnectDelay,
  onnotice: (): void => {},
  debug: false,
} as const

/**
 * Opens a client that keeps track of its sockets, to destroy them in `end()`. `end()` of postgres.js only half-closes them, so on a network
 * that drops packets the process would stay alive for minutes.
 */
function openClient(make: (socket: (options: ParsedOptions) => Promise<Socket>) => Sql, given?: (options: unknown) => unknown): OwnClient {
  const sockets = new Set<Socket>()
  let next = 0
  let ended = false
  const openSocket = async (options: ParsedOptions): Promise<Socket> => {
    // A reconnect was already scheduled when the client ended.
    if (ended) throw Object.assign(new Error('The client has ended.'), { code: 'CONNECTION_ENDED' })
    const index = next++ % options.port.length
    const [host, port] = [options.host[index] as string, options.port[index] as number]
    const socket = given ? ((await given(options)) as Socket) : options.path ? connect(options.path) : connect(port, host)
    // postgres.js reads both from the socket, for the TLS server name and for its messages.
    if (!given) Object.assign(socket, { host, port })
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    return socket
  }
  const sql = make(openSocket)
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    sql,
    dropConnections,
    async end() {
      await sql.end({ timeout: 1 })
      ended = true
      dropConnections()
    },
  }
}

/**
 * Opens a client from a URL; it connects with the first query. Throws `INVALID_OPTIONS`, naming the option, if the URL cannot be parsed.
 */
export function openClientFromUrl(option: string, url: string, options: PgOptions): OwnClient {
  try {
    return openClient((socket) => postgres(url, { ...OWN_OPTIONS, ...options, socket } as unknown as PgOptions))
  } catch (cause) {
    // The message leaves out the value, which may contain a password.
    throw new FlagsError('INVALID_OPTIONS', `The option ${option} is not a URL that postgres.js can read.`, { cause })
  }
}

/** Opens a client to the same server as another client. */
export function openClientLike(sql: Sql, options: PgOptions): OwnClient {
  const { socket: given, connection, ...parsed } = sql.options as unknown as Readonly<Record<string, unknown>>
  // `shared` tells postgres.js that the options are parsed. It also holds state, so the new client needs its own.
  const own = { parameters: {}, shared: { retries: 0, typeArrayMap: {} }, transform: { column: {}, value: {}, row: {} } }
  return openClient(
    (socket) =>
      postgres({
        ...parsed,
        ...OWN_OPTIONS,
        ...own,
        connection: { ...(connection as object), ...OWN_OPTIONS.connection },
        ...options,
        socket,
      } as unknown as PgOptions),
    given as ((options: unknown) => unknown) | undefined,
  )
}
