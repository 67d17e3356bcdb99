import { FlagsError } from '@flagstone/core/adapter'
import type { RedisClient } from '../options/redis-cache-options.ts'
import { cacheUnavailable } from './cache-unavailable.ts'
import { createClusterClient, createCommandClient, createSubscriberClient, disconnectClient } from './ioredis-client.ts'
import type { RedisCluster, RedisNode } from './redis-node.ts'
import { startHeartbeat } from './start-heartbeat.ts'
import { withTimeout } from './with-timeout.ts'

/** Callers wait at most this long for the first attempt to connect. */
export const FIRST_ATTEMPT_MS = 2_000

/** The cache's own connection for commands; it also creates the connections for subscriptions. Connects on first use. */
export class Connection {
  /** The `keyPrefix` of the caller's client; it goes before every key. */
  readonly keyPrefix: string
  /** Takes the commands. They fail with the errors of ioredis. */
  readonly node: RedisNode
  readonly #cluster: RedisCluster | undefined
  #attempt: Promise<void> | undefined
  #attempted: boolean = false
  #failure: unknown
  #stopHeartbeat: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(from: RedisClient | string) {
    this.keyPrefix = keyPrefixOf(from)
    this.#cluster = typeof from !== 'string' && from.isCluster === true ? createClusterClient(from) : undefined
    // A cluster takes the same commands. Only `duplicate` differs, and it is not called on a cluster from here on.
    this.node = (this.#cluster as unknown as RedisNode | undefined) ?? createCommandClient(from)
    this.node.on('error', ignore)
    this.#cluster?.on('+node', (node: RedisNode) => this.node.status === 'ready' && waitUntilReady(node))
  }

  get isCluster(): boolean {
    return this.#cluster !== undefined
  }

  /** The master nodes. */
  masters(): readonly RedisNode[] {
    return this.#cluster?.nodes('master') ?? [this.node]
  }

  /** Throws `CLOSED` after `close()`. */
  assertOpen(): void {
    if (this.#closing !== undefined) throw new FlagsError('CLOSED', 'This cache was closed.')
  }

  /** Settles when commands can be sent, or when the first attempt to connect has failed; ioredis then keeps trying. Throws when closed. */
  ready(): Promise<void> | undefined {
    this.assertOpen()
    if (this.#attempted) return undefined
    this.#attempt ??= this.#connect()
    return this.#attempt
  }

  /** Resolves when Redis is connected. Rejects with `CACHE_UNAVAILABLE` if the first attempt fails. */
  async open(): Promise<void> {
    await this.ready()
    if (this.node.status !== 'ready') throw cacheUnavailable(this.#failure ?? new Error(`The connection is ${this.node.status}.`))
  }

  /** Creates a client for a subscription. It is not connected yet, and does not reconnect by itself. */
  async createSubscriber(): Promise<RedisNode> {
    await this.ready()
    // The subscriber of an ioredis cluster changes its node without an event, and loses messages meanwhile. So this subscribes to one node.
    const nodes = this.#cluster?.nodes('all') ?? [this.node]
    const node = nodes[Math.floor(Math.random() * nodes.length)]
    if (node === undefined) throw cacheUnavailable(this.#failure ?? new Error('The cluster has no known node.'))
    const subscriber = createSubscriberClient(node)
    subscriber.on('error', ignore)
    return subscriber
  }

  /** Closes the connections, also one that is still connecting. May be called more than once. */
  close(): Promise<void> {
    this.#stopHeartbeat?.()
    this.#closing ??= disconnectClient(this.node)
    return this.#closing
  }

  async #connect(): Promise<void> {
    this.#stopHeartbeat = startHeartbeat(
      () => this.#cluster?.nodes('all') ?? [this.node],
      // A cluster node is disconnected for good, so that the cluster looks up its slots again.
      (node) => node.disconnect(!this.isCluster),
    )
    try {
      await withTimeout(this.#connectNodes(), FIRST_ATTEMPT_MS, 'Redis did not answer')
    } catch (error) {
      this.#failure = error
    }
    this.#attempted = true
  }

  async #connectNodes(): Promise<void> {
    await this.node.connect()
    // Connect all masters now: for a node that is not connected, ioredis takes one command, refuses the next, and retries it after 100 ms.
    if (this.#cluster !== undefined) await Promise.all(this.#cluster.nodes('master').map(waitUntilReady))
  }
}

/** From the client's options, or from the query of the URL, which ioredis also reads as options. */
function keyPrefixOf(from: RedisClient | string): string {
  if (typeof from !== 'string') return (from.options as { readonly keyPrefix?: string }).keyPrefix ?? ''
  return URL.canParse(from) ? (new URL(from).searchParams.get('keyPrefix') ?? '') : ''
}

/** Settles when the node is ready or has failed. */
async function waitUntilReady(node: RedisNode): Promise<void> {
  if (node.status === 'wait') return node.connect().catch(ignore)
  if (node.status === 'ready' || node.status === 'end') return
  await new Promise<void>((resolve) => {
    node.once('ready', resolve)
    node.once('end', resolve)
  })
}

function ignore(): void {}
