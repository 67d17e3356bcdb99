import { FlagsError, toFlagsError } from '@flagstone/core/adapter'
import { type ClusterNode, dialCommands, dialSubscriber, duplicateCluster, hangUp, type Node } from './dial.ts'
import { heartbeat } from './heartbeat.ts'
import type { RedisClient } from './options.ts'
import { within } from './within.ts'

/** How long the first attempt to connect may take before its callers go on without it. */
export const FIRST_ATTEMPT_MS = 2_000

/** The cache's own connection for commands, and what dials the ones for subscriptions. Opens nothing until it is first asked for. */
export class Connection {
  /** The `keyPrefix` of the caller's client: whose keys these are. */
  readonly keyPrefix: string
  /** Where commands go. They fail with ioredis' own errors. */
  readonly node: Node
  readonly #cluster: ClusterNode | undefined
  #attempt: Promise<void> | undefined
  #attempted: boolean = false
  #failure: unknown
  #stopHeartbeat: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(from: RedisClient | string) {
    this.keyPrefix = keyPrefixOf(from)
    this.#cluster = typeof from !== 'string' && from.isCluster === true ? duplicateCluster(from) : undefined
    // A cluster takes the same commands; the one that differs, `duplicate`, is not used on it again.
    this.node = (this.#cluster as unknown as Node | undefined) ?? dialCommands(from)
    this.node.on('error', ignore)
    this.#cluster?.on('+node', (node: Node) => this.node.status === 'ready' && wake(node))
  }

  get isCluster(): boolean {
    return this.#cluster !== undefined
  }

  /** The nodes that hold keys, each once. */
  masters(): readonly Node[] {
    return this.#cluster?.nodes('master') ?? [this.node]
  }

  /** Throws `CLOSED` where it was closed. */
  assertOpen(): void {
    if (this.#closing !== undefined) throw new FlagsError('CLOSED', 'This cache was closed.')
  }

  /** Settles when commands can be sent, or when the first attempt to connect has failed; later ones go on behind. Throws when closed. */
  ready(): Promise<void> | undefined {
    this.assertOpen()
    if (this.#attempted) return undefined
    this.#attempt ??= this.#connect()
    return this.#attempt
  }

  /** Resolves when Redis is connected; rejects with `CACHE_UNAVAILABLE` where it is not after the first attempt. */
  async open(): Promise<void> {
    await this.ready()
    if (this.node.status !== 'ready') throw unavailable(this.#failure ?? new Error(`The connection is ${this.node.status}.`))
  }

  /** Another connection, for a subscription: not connected yet, and it does not reconnect by itself. */
  async dial(): Promise<Node> {
    await this.ready()
    // A cluster's own subscriber changes its node without a word, and messages are lost meanwhile. So one node is asked, and watched.
    const nodes = this.#cluster?.nodes('all') ?? [this.node]
    const node = nodes[Math.floor(Math.random() * nodes.length)]
    if (node === undefined) throw unavailable(this.#failure ?? new Error('No node of the cluster is known.'))
    const dialed = dialSubscriber(node)
    dialed.on('error', ignore)
    return dialed
  }

  /** Ends every connection of its own, also one that is being made. May be called again. */
  close(): Promise<void> {
    this.#stopHeartbeat?.()
    this.#closing ??= hangUp(this.node)
    return this.#closing
  }

  async #connect(): Promise<void> {
    this.#stopHeartbeat = heartbeat(
      () => this.#cluster?.nodes('all') ?? [this.node],
      // A node of a cluster is dropped, so that its slots are looked up anew.
      (node) => node.disconnect(!this.isCluster),
    )
    try {
      await within(this.#connectNodes(), FIRST_ATTEMPT_MS, 'Redis did not answer')
    } catch (error) {
      this.#failure = error
    }
    this.#attempted = true
  }

  async #connectNodes(): Promise<void> {
    await this.node.connect()
    // ioredis takes one command for a node that it has not dialed yet, refuses the next, and tries that again 100 ms later.
    if (this.#cluster !== undefined) await Promise.all(this.#cluster.nodes('master').map(wake))
  }
}

/** Of the client's options, or in the query of the URL, where ioredis takes options too. */
function keyPrefixOf(from: RedisClient | string): string {
  if (typeof from !== 'string') return (from.options as { readonly keyPrefix?: string }).keyPrefix ?? ''
  return URL.canParse(from) ? (new URL(from).searchParams.get('keyPrefix') ?? '') : ''
}

/** What ioredis says when a command fails, in our words. */
export function unavailable(cause: unknown): FlagsError {
  return toFlagsError(cause, 'CACHE_UNAVAILABLE', 'Redis cannot be used')
}

/** Settles when the node is ready or has failed. */
async function wake(node: Node): Promise<void> {
  if (node.status === 'wait') return node.connect().catch(ignore)
  if (node.status === 'ready' || node.status === 'end') return
  await new Promise<void>((resolve) => {
    node.once('ready', resolve)
    node.once('end', resolve)
  })
}

function ignore(): void {}
