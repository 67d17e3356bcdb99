import { type FlagCache, type FlagStore, FlagsError, memoryCache, memoryStore } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { Redis } from 'ioredis'
import postgres, { type Sql } from 'postgres'

/** The demo has a schema of its own, apart from the tables that an app may have in the same database. */
export const SCHEMA = 'flagstone_demo'

interface Backend<T> {
  /** Its location, for people. */
  readonly at: string
  /** Whether it runs in this process, because the environment names no service. */
  readonly embedded: boolean
  /** The adapter for a new client: with its own connections to a service, as in another process, or the embedded one that all clients share. */
  connect(): T
}

export interface Backends {
  readonly store: Backend<FlagStore>
  readonly cache: Backend<FlagCache>
  /** For edits in SQL, as by somebody in psql; absent with the embedded store. */
  readonly sql: Sql | undefined
  close(): Promise<void>
}

/** Opens the services that the environment names, or embedded ones. Rejects with a one-line message if a service does not answer. */
export async function openBackends({ DATABASE_URL: database, REDIS_URL: redis } = process.env): Promise<Backends> {
  if (database) await prepare(database)
  if (redis) await ping(redis)
  const [store, cache] = [memoryStore(), memoryCache()]
  const sql = database ? postgres(database, { max: 1, onnotice: () => {} }) : undefined
  // Connects now, so that later timings include no connecting.
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
    throw unusableError(place('PostgreSQL', 'DATABASE_URL', url), error)
  }
}

async function ping(url: string): Promise<void> {
  // No ready check: it has no time limit, so a server that accepts and never answers would block the demo for ever.
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
    throw unusableError(place('Redis', 'REDIS_URL', url), cause ?? error)
  } finally {
    redis.disconnect()
  }
}

function unusableError(where: string, error: unknown): Error {
  const cause = error instanceof FlagsError ? (error.cause ?? error) : error
  const why = cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause)
  return new Error(`${where} cannot be used: ${why}`, { cause })
}

/** The location without user and password. */
function place(product: string, variable: string, url: string): string {
  if (!URL.canParse(url)) return `${product} (${variable})`
  const { host, pathname } = new URL(url)
  return `${product} at ${host}${pathname === '/' ? '' : pathname} (${variable})`
}
