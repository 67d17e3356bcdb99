import { randomBytes } from 'node:crypto'
import { createFlags, type Flags, type FlagsError, type FlagsOptions } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { Redis } from 'ioredis'
import postgres, { type Sql } from 'postgres'
import { inject } from 'vitest'

/** The real chain of client, Redis and PostgreSQL: a schema and a prefix for one test, and as many clients as it needs. */
export class Chain {
  readonly schema = `chain_${randomBytes(6).toString('hex')}`
  readonly prefix = `${this.schema}:`
  readonly sql: Sql = postgres(inject('databaseUrl'), { onnotice: () => undefined, max: 4 })
  readonly redis = new Redis(inject('redisUrl'))
  readonly errors: FlagsError[] = []
  readonly #clients: Flags[] = []

  async start(): Promise<void> {
    await migrate({ sql: this.sql, schema: this.schema })
  }

  client(options: Partial<FlagsOptions> = {}): Flags {
    const client = createFlags({
      store: postgresStore({ sql: this.sql, schema: this.schema }),
      cache: redisCache({ client: this.redis, prefix: this.prefix }),
      onError: (error) => this.errors.push(error),
      ...options,
    })
    this.#clients.push(client)
    return client
  }

  async storeId(): Promise<string> {
    const [row] = await this.sql<
      { store_id: string }[]
    >`SELECT ${this.sql(this.schema)}.feature_flag_lineage(store_id) AS store_id FROM ${this.sql(this.schema)}.feature_flag_clock`
    return String(row?.store_id)
  }

  /** The keys of this chain, without their prefix. */
  async keys(): Promise<string[]> {
    return (await this.redis.keys(`${this.prefix}*`)).map((key) => key.slice(this.prefix.length)).sort()
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    const keys = await this.redis.keys(`${this.prefix}*`)
    if (keys.length > 0) await this.redis.unlink(keys)
    await this.sql.unsafe(`DROP SCHEMA "${this.schema}" CASCADE`)
    await this.sql.end()
    this.redis.disconnect()
  }
}

/** Waits until the condition holds. The test's timeout is the limit. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2))
}
