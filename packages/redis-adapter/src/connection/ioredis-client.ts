import { FlagsError } from '@flagstone/core/adapter'
import { Redis } from 'ioredis'
import type { RedisClient } from '../options/redis-cache-options.ts'
import type { RedisCluster, RedisNode } from './redis-node.ts'

/** How long ioredis waits for a socket to close before it destroys it. */
const DISCONNECT_TIMEOUT_MS = 100

/** Milliseconds before the next attempt: 25 to 1,000 with jitter, so that a fleet does not reconnect all at once. */
export function backoffMs(attempt: number): number {
  return Math.min(1_000, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)
}

// A command that Redis cannot take fails at once: none is queued, sent again after a reconnect, or delayed for pipelining.
const OWN_OPTIONS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  enableAutoPipelining: false,
  maxRetriesPerRequest: 0,
  retryStrategy: backoffMs,
  sentinelRetryStrategy: backoffMs,
  disconnectTimeout: DISCONNECT_TIMEOUT_MS,
  role: 'master' as const,
  readOnly: false,
  stringNumbers: false,
  keyPrefix: '',
}

// A lost node leaves the pool, and its slots are looked up again. `maxRedirections` limits how often a command is redirected.
const OWN_CLUSTER_OPTIONS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  scaleReads: 'master',
  shardedSubscribers: false,
  maxRedirections: 8,
  retryDelayOnFailover: 100,
  retryDelayOnClusterDown: 100,
  clusterRetryStrategy: backoffMs,
  clusterNodeRetryStrategy: null,
  keyPrefix: '',
}

/** A client for commands that reconnects by itself. It is not connected yet. */
export function createCommandClient(from: RedisClient | string): RedisNode {
  if (typeof from !== 'string') return (from as unknown as RedisNode).duplicate(OWN_OPTIONS)
  try {
    return new Redis(withoutKeyPrefix(from), OWN_OPTIONS) as unknown as RedisNode
  } catch (cause) {
    throw new FlagsError('INVALID_OPTIONS', 'redisCache() needs a valid `url`.', { cause })
  }
}

// A keyPrefix in the URL would override the empty one above, and ioredis would add it to every key a second time.
function withoutKeyPrefix(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  if (!parsed.searchParams.has('keyPrefix')) return url
  parsed.searchParams.delete('keyPrefix')
  return parsed.href
}

/** A client for subscriptions that does not reconnect by itself. It is not connected yet. */
export function createSubscriberClient(node: RedisNode): RedisNode {
  return node.duplicate({ ...OWN_OPTIONS, retryStrategy: null })
}

/**
 * A cluster client that reconnects by itself. It is not connected yet. Throws `INVALID_OPTIONS` if the keyPrefix would put a flag's keys
 * into different slots.
 */
export function createClusterClient(client: RedisClient): RedisCluster {
  const { redisOptions, keyPrefix = '' } = client.options as { readonly redisOptions?: object; readonly keyPrefix?: string }
  // Redis hashes the text in the first braces of a key, which must be the flag's name.
  if (keyPrefix.includes('{')) {
    throw new FlagsError('INVALID_OPTIONS', 'redisCache() needs a `client` without braces in its keyPrefix if it is a Cluster.')
  }
  const overrides = { ...OWN_CLUSTER_OPTIONS, redisOptions: { ...redisOptions, ...OWN_OPTIONS } }
  return (client as unknown as RedisCluster).duplicate([], overrides)
}

/** Disconnects a client and waits until its socket is closed. */
export async function disconnectClient(node: RedisNode): Promise<void> {
  if (node.status === 'end') return
  await new Promise<void>((resolve) => {
    // A client that waits to reconnect never emits `end`; then only a timer of ioredis is left.
    const timer = setTimeout(resolve, 2 * DISCONNECT_TIMEOUT_MS)
    node.once('end', () => {
      clearTimeout(timer)
      resolve()
    })
    node.disconnect()
  })
}
