import { type ChannelListener, FlagsError } from '@flagstone/core/adapter'
import { type Connection, FIRST_ATTEMPT_MS } from '../connection/connection.ts'
import { backoffMs, disconnectClient } from '../connection/ioredis-client.ts'
import type { RedisNode } from '../connection/redis-node.ts'
import { startHeartbeat } from '../connection/start-heartbeat.ts'
import { withTimeout } from '../connection/with-timeout.ts'
import { parseHint } from './hint-message.ts'

/** Receives the hints of one channel over its own connection. It reconnects whenever the connection is lost, until `stop`. */
export class HintSubscription {
  readonly #connection: Connection
  readonly #listener: ChannelListener
  #channel: string | undefined
  #node: RedisNode | undefined
  #up: boolean = false
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #stopHeartbeat: (() => void) | undefined

  constructor(connection: Connection, listener: ChannelListener) {
    this.#connection = connection
    this.#listener = listener
  }

  /** Switches to this channel. Resolves when the first attempt to subscribe has succeeded or failed. */
  async listen(channel: string): Promise<void> {
    if (channel === this.#channel) return
    this.#drop()?.disconnect()
    this.#channel = channel
    await this.#attempt(channel)
  }

  /** Ends the subscription without calling the listener. May be called more than once. */
  async stop(): Promise<void> {
    this.#channel = undefined
    const node = this.#drop()
    if (node !== undefined) await disconnectClient(node)
  }

  async #attempt(channel: string): Promise<void> {
    let node: RedisNode | undefined
    try {
      node = await this.#connection.createSubscriber()
      if (channel !== this.#channel) return
      this.#watch(node, channel)
      await withTimeout(subscribe(node, channel), FIRST_ATTEMPT_MS, 'Redis did not answer')
      if (node !== this.#node) return node.disconnect()
      this.#up = true
      this.#failures = 0
      this.#listener.onResync()
    } catch (error) {
      if (channel === this.#channel && node === this.#node) this.#lost(channel, error)
    }
  }

  #watch(node: RedisNode, channel: string): void {
    this.#drop()?.disconnect()
    this.#node = node
    node.on('message', (from: string, message: string) => {
      const hint = node === this.#node && from === channel ? parseHint(message) : undefined
      if (hint !== undefined) this.#listener.onHint(hint)
    })
    const lost = (why: string) => {
      if (node === this.#node && this.#up) this.#lost(channel, new Error(why))
    }
    node.once('end', () => lost('The connection was closed.'))
    this.#stopHeartbeat = startHeartbeat(
      () => [node],
      () => lost('The connection no longer answers.'),
    )
  }

  #lost(channel: string, cause: unknown): void {
    const wasUp = this.#up
    this.#drop()?.disconnect()
    this.#retry = setTimeout(() => void this.#attempt(channel), backoffMs(this.#failures++)).unref()
    if (wasUp) this.#listener.onDown(new FlagsError('CHANNEL_DOWN', 'The Redis hint channel is down.', { cause }))
  }

  #drop(): RedisNode | undefined {
    const node = this.#node
    clearTimeout(this.#retry)
    this.#stopHeartbeat?.()
    this.#node = undefined
    this.#up = false
    return node
  }
}

async function subscribe(node: RedisNode, channel: string): Promise<void> {
  await node.connect()
  await node.subscribe(channel)
}
