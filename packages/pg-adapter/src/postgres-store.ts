import { type FlagStore, FlagsError } from '@flagstone/core/adapter'
import type { Sql } from 'postgres'
import { type OwnClient, openClientFromUrl, openClientLike } from './connection/own-client.ts'
import { type RunQuery, runCancellableQuery, runQuery, throwIfAborted } from './connection/run-query.ts'
import { type ClientSettings, type PostgresStoreOptions, resolveStoreOptions } from './options/postgres-options.ts'
import { createStoreReads } from './reads/store-reads.ts'
import { statements } from './sql/statements.ts'
import { createFlagUses } from './uses/flag-uses.ts'
import { ListenChannel } from './watch/listen-channel.ts'
import { createStoreWrites } from './writes/store-writes.ts'

const POOL = { max: 4, idle_timeout: 60 }
/** `watch` resolves after this time at the latest, even if its first attempt to subscribe still runs. */
const FIRST_ATTEMPT_MS = 2_000

/** A server to query, and the client to end if Flagstone opened it. */
interface Server {
  readonly sql: Sql
  readonly own: OwnClient | undefined
  readonly query: RunQuery
}

/** `option` names the URL in errors. */
function openServer(client: ClientSettings, option: string): Server {
  const own = 'url' in client ? openClientFromUrl(option, client.url, POOL) : undefined
  const sql = 'sql' in client ? client.sql : (own as OwnClient).sql
  return {
    sql,
    own,
    async query(statement, parameters, call = {}) {
      throwIfAborted(call)
      return own ? await runCancellableQuery(sql, statement, parameters, call) : await runQuery(sql, statement, parameters)
    },
  }
}

/**
 * The store of flags in PostgreSQL (14 or newer). The tables come from `migrate()`. Opens nothing before the first call.
 *
 * Throws `INVALID_OPTIONS`, naming the option. Every rejection of its methods is a `FlagsError`; after `close()` it is `CLOSED`.
 */
export function postgresStore(options: PostgresStoreOptions): FlagStore {
  const { client, schema, listenUrl, replica: replicaClient, lockTimeoutMs } = resolveStoreOptions(options)
  const { sql, own, query } = openServer(client, 'url')
  const replica = replicaClient && openServer(replicaClient, 'replica.url')
  const text = statements(schema)
  const channels = new Set<ListenChannel>()
  let closing: Promise<void> | undefined

  const listenOn = listenUrl ?? ('url' in client ? client.url : undefined)
  const connect: ConstructorParameters<typeof ListenChannel>[2] = (channel) =>
    listenOn === undefined ? openClientLike(sql, channel) : openClientFromUrl('listenUrl', listenOn, channel)
  // Throws now if the URL cannot be parsed. A client that is never used opens no connection.
  if (listenUrl !== undefined) connect({})

  const reads = createStoreReads(query, text, schema)
  const replicaReads = replica && createStoreReads(replica.query, text, schema)
  const writes = createStoreWrites(sql, text, lockTimeoutMs)
  const uses = createFlagUses(sql, query, text.uses)

  function whenOpen<A extends readonly unknown[], T>(method: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
    return async (...args) => {
      if (closing !== undefined) throw new FlagsError('CLOSED', 'This store was closed.')
      return method(...args)
    }
  }

  return {
    head: whenOpen(reads.head),
    load: whenOpen(reads.load),
    ...(replicaReads && { loadFromReplica: whenOpen(replicaReads.load), loadAllFromReplica: whenOpen(replicaReads.loadAll) }),
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
      const channel = new ListenChannel(schema, listener, connect)
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
