import { type FlagCache, type FlagStore, FlagsError, memoryCache, memoryStore } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { Redis } from 'ioredis'
import postgres, { type Sql } from 'postgres'

/** The demo's tables stand apart from the ones that an app may have in the same database. */
export const SCHEMA = 'flagstone_demo'

interface Backend<T> {
  /** Where it is, in words. */
  readonly at: string
  /** Embedded in this process, because the environment names no service. */
  readonly embedded: boolean
  /** What one more client gets: connections of its own to a service, as in another process, or the one embedded adapter that all share. */
  connect(): T
}

export interface Backends {
  readonly store: Backend<FlagStore>
  readonly cache: Backend<FlagCache>
  /** For edits past Flagstone, as somebody in psql would make them; absent on the embedded store. */
  readonly sql: Sql | undefined
  close(): Promise<void>
}

/** What the environment names, embedded where it names nothing. Rejects with one line where a service does not answer. */
export async function openBackends({ DATABASE_URL: database, REDIS_URL: redis } = process.env): Promise<Backends> {
  if (database) await prepare(database)
  if (redis) await ping(redis)
  const [store, cache] = [memoryStore(), memoryCache()]
  const sql = database ? postgres(database, { max: 1, onnotice: () => {} }) : undefined
  // Connects now, so that nothing which is timed later has to.
  await sql?.unsafe('SELECT 1')
  return {
    sql,
    store: database
      ? {
          at: `${place('PostgreSQL', 'DATABASE_URL', database)}, schema ${SCHEMA}`,
          embedded: false,
          connect: () => postgresStore({ url: database, schema: SCHEMA }),
        }
      : { at: 'embedded: this process, because DATABASE_URL is not set', embedded: true, connect: () => store },
    cache: redis
      ? { at: place('Redis', 'REDIS_URL', redis), embedded: false, connect: () => redisCache({ url: redis }) }
      : { at: 'embedded: this process, because REDIS_URL is not set', embedded: true, connect: () => cache },
    close: async () => await sql?.end(),
  }
}

async function prepare(url: string): Promise<void> {
  try {
    await migrate({ url, schema: SCHEMA })
  } catch (error) {
    throw unusable(place('PostgreSQL', 'DATABASE_URL', url), error)
  }
}

async function ping(url: string): Promise<void> {
  // The ready check has no time limit, so that a server which accepts and never answers would hold the demo for ever.
  const limits = { connectTimeout: 3_000, commandTimeout: 3_000, enableReadyCheck: false }
  const redis = new Redis(url, { ...limits, lazyConnect: true, retryStrategy: () => null })
  let cause: unknown
  redis.on('error', (error) => {
    cause = error
  })
  try {
    await redis.connect()
    await redis.ping()
  } catch (error) {
    throw unusable(place('Redis', 'REDIS_URL', url), cause ?? error)
  } finally {
    redis.disconnect()
  }
}

function unusable(where: string, error: unknown): Error {
  const cause = error instanceof FlagsError ? (error.cause ?? error) : error
  const why = cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause)
  return new Error(`${where} cannot be used: ${why}`, { cause })
}

/** Without user and password. */
function place(product: string, variable: string, url: string): string {
  if (!URL.canParse(url)) return `${product} (${variable})`
  const { host, pathname } = new URL(url)
  return `${product} at ${host}${pathname === '/' ? '' : pathname} (${variable})`
}
