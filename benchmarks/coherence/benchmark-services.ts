import { createFlags, type FlagStore, type Flags } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { type PrivateService, startPrivatePostgres, startPrivateRedis } from '@flagstone/services'
import { Redis } from 'ioredis'
import postgres, { type Sql } from 'postgres'

/** A private PostgreSQL and a private Redis, and bare connections to both. */
export interface BenchmarkServices {
  readonly postgres: PrivateService
  readonly redis: PrivateService
  readonly sql: Sql
  readonly bare: Redis
  /** Creates a schema with these flags, rolled out to nobody, and empties Redis. Returns the schema's name. */
  createSchema(names: readonly string[]): Promise<string>
  storeId(schema: string): Promise<string>
  end(): Promise<void>
}

export async function startBenchmarkServices(): Promise<BenchmarkServices> {
  const [server, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
  const sql = postgres(server.url, { max: 1, onnotice: () => undefined })
  const bare = new Redis(redis.url)
  let schemas = 0
  return {
    postgres: server,
    redis,
    sql,
    bare,
    async createSchema(names) {
      const schema = `figure_${++schemas}`
      await bare.flushall()
      await migrate({ url: server.url, schema })
      for (const name of names) await sql`INSERT INTO ${sql(schema)}.feature_flags (name) VALUES (${name})`
      return schema
    },
    async storeId(schema) {
      const [clock] = await sql`SELECT ${sql(schema)}.feature_flag_lineage(store_id) AS store_id FROM ${sql(schema)}.feature_flag_clock`
      return String(clock?.['store_id'])
    },
    async end() {
      bare.disconnect()
      await sql.end()
      await Promise.all([server.stop(), redis.stop()])
    },
  }
}

/** A client as an application creates it. Prints background errors. */
export function createClient(
  services: BenchmarkServices,
  schema: string,
  options: { readonly memory?: false; readonly onCommit?: () => void } = {},
): Flags {
  const { onCommit, ...others } = options
  const store = postgresStore({ url: services.postgres.url, schema })
  return createFlags({
    store: onCommit === undefined ? store : withCommitListener(store, onCommit),
    cache: redisCache({ url: services.redis.url }),
    onError: (error) => console.error(error),
    ...others,
  })
}

/** A store that calls `onCommit` right after an update is committed. */
function withCommitListener(store: FlagStore, onCommit: () => void): FlagStore {
  return {
    ...store,
    update: async (...args) => {
      const change = await store.update(...args)
      onCommit()
      return change
    },
  }
}
