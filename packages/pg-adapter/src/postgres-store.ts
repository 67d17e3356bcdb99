import { type FlagStore, FlagsError } from '@flagstone/core/adapter'
import { openLike, openUrl } from './client.ts'
import { cancellableRows, type Parameters, rows, throwIfAborted } from './database.ts'
import { Channel } from './listen.ts'
import { type PostgresStoreOptions, storeSettings } from './options.ts'
import { readsOf } from './reads.ts'
import { statements } from './statements.ts'
import { writesOf } from './writes.ts'

const POOL = { max: 4, idle_timeout: 60 }
/** How long `watch` waits for the end of its first attempt before it resolves anyway. */
const FIRST_ATTEMPT_MS = 2_000

/**
 * The store of flags in PostgreSQL (14 or newer). The tables come from `migrate()`. Opens nothing before the first call.
 *
 * Throws `INVALID_OPTIONS`, naming the option. Every rejection of its methods is a `FlagsError`; after `close()` it is `CLOSED`.
 */
export function postgresStore(options: PostgresStoreOptions): FlagStore {
  const { client, schema, listenUrl, lockTimeoutMs } = storeSettings(options)
  const own = 'url' in client ? openUrl('url', client.url, POOL) : undefined
  const sql = 'sql' in client ? client.sql : (own as NonNullable<typeof own>).sql
  const text = statements(schema)
  const channels = new Set<Channel>()
  let closing: Promise<void> | undefined

  const listenOn = listenUrl ?? ('url' in client ? client.url : undefined)
  const connect: ConstructorParameters<typeof Channel>[2] = (channel) =>
    listenOn === undefined ? openLike(sql, channel) : openUrl('listenUrl', listenOn, channel)
  // A client that is never used opens nothing: it only shows now whether the URL can be read.
  if (listenUrl !== undefined) connect({})

  const query = (statement: string, parameters: Parameters, call = {}): ReturnType<typeof rows> => {
    throwIfAborted(call)
    return own ? cancellableRows(sql, statement, parameters, call) : rows(sql, statement, parameters)
  }
  const reads = readsOf(query, text, schema)
  const writes = writesOf(sql, text, lockTimeoutMs)

  function whenOpen<A extends readonly unknown[], T>(method: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
    return async (...args) => {
      if (closing !== undefined) throw new FlagsError('CLOSED', 'This store was closed.')
      return method(...args)
    }
  }

  return {
    head: whenOpen(reads.head),
    load: whenOpen(reads.load),
    loadAll: whenOpen(reads.loadAll),
    changesSince: whenOpen(reads.changesSince),
    history: whenOpen(reads.history),
    create: whenOpen(writes.create),
    update: whenOpen(writes.update),
    delete: whenOpen(writes.delete),
    prune: whenOpen(writes.prune),

    watch: whenOpen(async (listener) => {
      const channel = new Channel(schema, listener, connect)
      channels.add(channel)
      await Promise.race([channel.open(), new Promise<void>((resolve) => setTimeout(resolve, FIRST_ATTEMPT_MS).unref())])
      return async () => {
        if (channels.delete(channel)) await channel.end()
      }
    }),

    close() {
      closing ??= Promise.all([...Array.from(channels, (channel) => channel.end()), own?.end()]).then(() => channels.clear())
      return closing
    },
  }
}
