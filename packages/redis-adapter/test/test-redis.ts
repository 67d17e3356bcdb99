import { randomBytes } from 'node:crypto'
import type { CacheFill, ChannelListener, Decision, FlagCache, FlagRecord, FlagsError } from '@flagstone/core/adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { Cluster as Cluster5, type ClusterOptions, Redis as Redis5, type RedisOptions } from 'ioredis'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis-6'
import { afterAll, expect, inject } from 'vitest'

export const redisUrl: string = inject('redisUrl')
export const redisPort: number = Number(new URL(redisUrl).port)

interface Major {
  readonly major: number
  readonly Redis: (options: RedisOptions) => Redis5 | Redis6
  readonly Cluster: (port: number, options: ClusterOptions) => Cluster5 | Cluster6
}

/** Both supported major versions of ioredis. Each test of a client runs with both. */
export const majors: readonly Major[] = [
  {
    major: 5,
    Redis: (options) => new Redis5(options),
    Cluster: (port, options) => new Cluster5([{ host: '127.0.0.1', port }], options),
  },
  {
    major: 6,
    Redis: (options) => new Redis6(options as object),
    Cluster: (port, options) => new Cluster6([{ host: '127.0.0.1', port }], options as object),
  },
]

/** A client for the test, to inspect what the cache did. */
export function openRedisClient(url: string = redisUrl): Redis5 {
  const redis = new Redis5(url)
  redis.on('error', () => {})
  afterAll(() => redis.disconnect())
  return redis
}

/** A unique prefix. Its keys are deleted after the tests of the file. */
export function uniquePrefix(redis: Redis5): string {
  const prefix = `t${randomBytes(6).toString('hex')}:`
  afterAll(async () => {
    const keys = await redis.keys(`${prefix}*`)
    if (keys.length > 0) await redis.unlink(...keys)
  })
  return prefix
}

export interface Opened {
  readonly cache: FlagCache
  readonly reports: FlagsError[]
}

/** A cache for one store, closed after the tests of the file. */
export async function openCache(prefix: string, storeId = 'storeA', url: string = redisUrl): Promise<Opened> {
  const reports: FlagsError[] = []
  const cache = redisCache({ url, prefix })
  afterAll(() => cache.close())
  await cache.open(storeId, (error) => reports.push(error))
  return { cache, reports }
}

export function record(name: string, version = 1, more: object = {}): FlagRecord {
  const at = '2026-01-01T00:00:00.000Z'
  return { name, schema: 1, enabled: true, rollout: 50, hashVersion: 1, version, createdAt: at, updatedAt: at, ...more }
}

export function decision(name: string, targetingKey: string, version = 1): Decision {
  return { name, enabled: true, reason: 'SPLIT', version, bucket: 12.345, rollout: 50, targetingKey }
}

export async function tokenOf(cache: FlagCache, name: string): Promise<string> {
  const [read] = await cache.read([{ name }])
  if (read?.token === undefined) throw new Error(`no token for ${name}`)
  return read.token
}

export function flagFill(name: string, token: string, asOf: number, flag: FlagRecord | null = record(name), ttlMs = 300_000): CacheFill {
  return { name, token, flag: { asOf, value: flag, ttlMs } }
}

/** Resolves as soon as the condition holds. The test's timeout is the limit. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

export const UNAVAILABLE: object = { name: 'FlagsError', code: 'CACHE_UNAVAILABLE', cause: expect.anything() }

/** A listener, and its calls in order. */
export function recordingListener(): { readonly seen: string[]; readonly listener: ChannelListener } {
  const seen: string[] = []
  const listener = { onHint: () => seen.push('hint'), onResync: () => seen.push('resync'), onDown: () => seen.push('down') }
  return { seen, listener }
}

/** The handles that keep Node running. */
export function openHandles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout')
}

/** Whether a call succeeds. */
export function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  )
}
