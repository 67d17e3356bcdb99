import { type FlagStore, FlagsError } from '@flagstone/core/adapter'
import type { Sql } from 'postgres'
import { type OwnClient, openLike, openUrl } from './client.ts'
import { cancellableRows, rows, throwIfAborted } from './database.ts'
import { Channel } from './listen.ts'
import { type ClientSettings, type PostgresStoreOptions, storeSettings } from './options.ts'
import { type Query, readsOf } from './reads.ts'
import { statements } from './statements.ts'
import { usesOf } from './uses.ts'
import { writesOf } from './writes.ts'

const POOL = { max: 4, idle_timeout: 60 }
/** How long `watch` waits for the end of its first attempt before it resolves anyway. */
const FIRST_ATTEMPT_MS = 2_000

/** A server to ask, and the client to end where it is ours. */
interface Server {
  readonly sql: Sql
  readonly own: OwnClient | undefined
  readonly query: Query
}

/** `option` names the URL in errors. */
function serverOf(client: ClientSettings, option: string): Server {
  const own = 'url' in client ? openUrl(option, client.url, POOL) : undefined
  const sql = 'sql' in client ? client.sql : (own as OwnClient).sql
  return {
    sql,
    own,
    async query(statement, parameters, call = {}) {
      throwIfAborted(call)
      return own ? await cancellableRows(sql, statement, parameters, call) : await rows(sql, statement, parameters)
    },
  }
}

/**
 * The store of flags in PostgreSQL (14 or newer). The tables come from `migrate()`. Opens nothing before the first call.
 *
 * Throws `INVALID_OPTIONS`, naming the option. Every rejection of its methods is a `FlagsError`; after `close()` it is `CLOSED`.
 */
export function postgresStore(options: PostgresStoreOptions): FlagStore {
  const { client, schema, listenUrl, replica: replicaClient, lockTimeoutMs } = storeSettings(options)
  const { sql, own, query } = serverOf(client, 'url')
  const replica = replicaClient && serverOf(replicaClient, 'replica.url')
  const text = statements(schema)
  const channels = new Set<Channel>()
  let closing: Promise<void> | undefined

  const listenOn = listenUrl ?? ('url' in client ? client.url : undefined)
  const connect: ConstructorParameters<typeof Channel>[2] = (channel) =>
    listenOn === undefined ? openLike(sql, channel) : openUrl('listenUrl', listenOn, channel)
  // A client that is never used opens nothing: it only shows now whether the URL can be read.
  if (listenUrl !== undefined) connect({})

  const reads = readsOf(query, text, schema)
  const copy = replica && readsOf(replica.query, text, schema)
  const writes = writesOf(sql, text, lockTimeoutMs)
  const uses = usesOf(sql, query, text.uses)

  function whenOpen<A extends readonly unknown[], T>(method: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
    return async (...args) => {
      if (closing !== undefined) throw new FlagsError('CLOSED', 'This store was closed.')
      return method(...args)
    }
  }

  return {
    head: whenOpen(reads.head),
    load: whenOpen(reads.load),
    ...(copy && { loadFromReplica: whenOpen(copy.load), loadAllFromReplica: whenOpen(copy.loadAll) }),
    loadAll: whenOpen(reads.loadAll),
    changesSince: whenOpen(reads.changesSince),
    changes: whenOpen(reads.changes),
    history: whenOpen(reads.history),
    create: whenOpen(writes.create),
    update: whenOpen(writes.update),
    delete: whenOpen(writes.delete),
    segments: {
      create: whenOpen(writes.segments.create),
      update: whenOpen(writes.segments.update),
      delete: whenOpen(writes.segments.delete),
    },
    prune: whenOpen(writes.prune),
    noteUses: whenOpen(uses.noteUses),
    lastUses: whenOpen(uses.lastUses),

    watch: whenOpen(async (listener) => {
      const channel = new Channel(schema, listener, connect)
      channels.add(channel)
      await Promise.race([channel.open(), new Promise<void>((resolve) => setTimeout(resolve, FIRST_ATTEMPT_MS).unref())])
      return async () => {
        if (channels.delete(channel)) await channel.end()
      }
    }),

    close() {
      closing ??= Promise.all([...Array.from(channels, (channel) => channel.end()), own?.end(), replica?.own?.end()]).then(() =>
        channels.clear(),
      )
      return closing
    },
  }
}
