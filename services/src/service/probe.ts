import { Redis } from 'ioredis'
import postgres from 'postgres'
import type { Service } from './service.ts'

/** The path on which a private nginx answers by itself. */
export const NGINX_IS_UP = '/.nginx-is-up'

const PROBES = { postgres: probePostgres, redis: probeRedis, nginx: probeNginx }

/** Asks a server for its product and version; rejects when it does not answer within `timeoutMs`. */
export async function probe(kind: Service['kind'], url: string, timeoutMs = 5000): Promise<string> {
  const answer = PROBES[kind](url, timeoutMs)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
    answer.catch(() => {})
  }
}

async function probePostgres(url: string, timeoutMs: number): Promise<string> {
  const sql = postgres(url, { max: 1, connect_timeout: timeoutMs / 1000, onnotice: () => {} })
  try {
    const rows = await sql<{ version: string }[]>`select current_setting('server_version') as version`
    return `PostgreSQL ${rows[0]?.version.split(' ', 1)[0] ?? 'of unknown version'}`
  } finally {
    await sql.end({ timeout: 0 })
  }
}

async function probeRedis(url: string, timeoutMs: number): Promise<string> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
  })
  let failure: unknown
  redis.on('error', (error) => {
    failure = error
  })
  try {
    await redis.connect()
    const info = await redis.info('server')
    if (/^loading:1/m.test(await redis.info('persistence'))) throw new Error('still loading its data')
    const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1]
    return valkey ? `Valkey ${valkey}` : `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1] ?? 'of unknown version'}`
  } catch (error) {
    throw failure ?? error
  } finally {
    redis.disconnect()
  }
}

/** Any answer counts. */
async function probeNginx(url: string): Promise<string> {
  const { headers } = await fetch(new URL(NGINX_IS_UP, url))
  return headers.get('server')?.replace('/', ' ') ?? 'nginx of unknown version'
}
