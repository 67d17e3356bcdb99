import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import postgres from 'postgres'

/** An empty database and an empty Redis, on servers that other tests use too. */
export interface FreshServices {
  readonly env: { readonly DATABASE_URL: string; readonly REDIS_URL: string }
  drop(): Promise<void>
}

/** Long enough for any program, and short enough that a killed run soon frees its database numbers. */
const TAKEN_S = 120

export async function freshServices(databaseUrl: string, redisUrl: string): Promise<FreshServices> {
  const database = await freshDatabase(databaseUrl)
  const redis = await freshRedis(redisUrl)
  return {
    env: { DATABASE_URL: database.url, REDIS_URL: redis.url },
    drop: async () => void (await Promise.all([database.drop(), redis.drop()])),
  }
}

interface Fresh {
  readonly url: string
  drop(): Promise<void>
}

async function freshDatabase(server: string): Promise<Fresh> {
  const name = `markdown_${randomBytes(6).toString('hex')}`
  const sql = postgres(server, { max: 1, onnotice: () => {} })
  await sql`CREATE DATABASE ${sql(name)}`
  return {
    url: at(server, name),
    async drop() {
      await sql`DROP DATABASE ${sql(name)} WITH (FORCE)`
      await sql.end()
    },
  }
}

/** A numbered database that is unused, because programs write keys without a prefix. */
async function freshRedis(server: string): Promise<Fresh> {
  const redis = new Redis(server)
  for (let number = 15; number > 0; number--) {
    await redis.select(number)
    if ((await redis.dbsize()) > 0 || (await redis.set('taken-by-markdown-tests', '', 'EX', TAKEN_S, 'NX')) === null) continue
    return {
      url: at(server, String(number)),
      async drop() {
        await redis.flushdb()
        await redis.quit()
      },
    }
  }
  await redis.quit()
  throw new Error('None of the databases 1 to 15 of this Redis is empty.')
}

function at(server: string, path: string): string {
  const url = new URL(server)
  url.pathname = path
  return url.href
}
