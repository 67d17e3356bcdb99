import { FlagsError } from '@flagstone/core/adapter'
import { Redis } from 'ioredis'
import type { RedisClient } from './options.ts'

/** The part of an ioredis connection that is used here; ioredis 5, ioredis 6 and their clusters all have it. */
export interface Node {
  readonly status: string
  readonly options: object
  connect(): Promise<void>
  disconnect(reconnect?: boolean): void
  on(event: string, listener: (...args: never[]) => void): unknown
  once(event: string, listener: (...args: never[]) => void): unknown
  mget(keys: readonly string[]): Promise<(string | null)[]>
  unlink(...keys: string[]): Promise<number>
  evalsha(sha: string, keyCount: number, ...keysAndArgs: string[]): Promise<unknown>
  eval(source: string, keyCount: number, ...keysAndArgs: string[]): Promise<unknown>
  scan(cursor: string, match: 'MATCH', glob: string, count: 'COUNT', size: number): Promise<[string, string[]]>
  ping(): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  duplicate(overrides: object): Node
}

/** A cluster: it takes the same commands, and knows its nodes. */
export interface ClusterNode extends Omit<Node, 'duplicate'> {
  nodes(role: 'all' | 'master'): Node[]
  duplicate(startupNodes: readonly never[], overrides: object): ClusterNode
}

/** How long a connection that is closed may linger. */
const LINGER_MS = 100

/** Milliseconds before the next attempt: 50 to 1,000, spread so that a fleet does not come back at once. */
export function backoffMs(attempt: number): number {
  return Math.min(1_000, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)
}

// A command that Redis cannot take now fails now: none is kept, sent again after a reconnect, or held back to be sent with others.
const OURS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  enableAutoPipelining: false,
  maxRetriesPerRequest: 0,
  retryStrategy: backoffMs,
  sentinelRetryStrategy: backoffMs,
  disconnectTimeout: LINGER_MS,
  role: 'master' as const,
  readOnly: false,
  stringNumbers: false,
  keyPrefix: '',
}

// A node that is lost leaves the pool, and its slots are looked up again; `maxRedirections` bounds how often a command follows.
const OURS_ON_CLUSTER = {
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

/** A connection for commands that reconnects by itself; not connected yet. */
export function dialCommands(from: RedisClient | string): Node {
  if (typeof from !== 'string') return (from as unknown as Node).duplicate(OURS)
  try {
    return new Redis(withoutKeyPrefix(from), OURS) as unknown as Node
  } catch (cause) {
    throw new FlagsError('INVALID_OPTIONS', 'redisCache() needs a `url` that can be read as one.', { cause })
  }
}

// What stands in the URL would win over our empty one, and go before every key a second time.
function withoutKeyPrefix(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  if (!parsed.searchParams.has('keyPrefix')) return url
  parsed.searchParams.delete('keyPrefix')
  return parsed.href
}

/** A connection for subscriptions that does not; not connected yet. */
export function dialSubscriber(node: Node): Node {
  return node.duplicate({ ...OURS, retryStrategy: null })
}

/** A cluster client that reconnects by itself; not connected yet. Throws `INVALID_OPTIONS` where the client's keys would scatter. */
export function duplicateCluster(client: RedisClient): ClusterNode {
  const { redisOptions, keyPrefix = '' } = client.options as { readonly redisOptions?: object; readonly keyPrefix?: string }
  // Redis hashes what stands in the first braces, and these would not be the flag's any more.
  if (keyPrefix.includes('{')) {
    throw new FlagsError('INVALID_OPTIONS', 'redisCache() needs a `client` whose keyPrefix has no braces where it is a Cluster.')
  }
  const overrides = { ...OURS_ON_CLUSTER, redisOptions: { ...redisOptions, ...OURS } }
  return (client as unknown as ClusterNode).duplicate([], overrides)
}

/** Ends a connection and waits until its socket is gone. */
export async function hangUp(node: Node): Promise<void> {
  if (node.status === 'end') return
  await new Promise<void>((resolve) => {
    // One that was about to reconnect never says `end`; only ioredis' own timer is left then.
    const timer = setTimeout(resolve, 2 * LINGER_MS)
    node.once('end', () => {
      clearTimeout(timer)
      resolve()
    })
    node.disconnect()
  })
}
