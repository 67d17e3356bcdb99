import { type ChannelListener, FlagsError, type Hint, isRecordKey } from '@flagstone/core/adapter'
import { type Connection, FIRST_ATTEMPT_MS } from './connection.ts'
import { backoffMs, hangUp, type Node } from './dial.ts'
import { parseNumber, readRecord } from './entries.ts'
import { heartbeat } from './heartbeat.ts'
import { within } from './within.ts'

/** A longer record is read by whoever needs it, instead of being sent to everybody; in characters of JSON. */
export const MAX_BROUGHT = 10_000

/** The hints of one channel, over a connection of its own that is dialed anew whenever it is lost, until `stop`. */
export class Subscription {
  readonly #connection: Connection
  readonly #listener: ChannelListener
  #channel: string | undefined
  #node: Node | undefined
  #up: boolean = false
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #stopHeartbeat: (() => void) | undefined

  constructor(connection: Connection, listener: ChannelListener) {
    this.#connection = connection
    this.#listener = listener
  }

  /** Listens to this channel instead of the one before. Resolves when the first attempt has ended, well or badly. */
  async listen(channel: string): Promise<void> {
    if (channel === this.#channel) return
    this.#drop()?.disconnect()
    this.#channel = channel
    await this.#attempt(channel)
  }

  /** Ends it without telling the listener. May be called again. */
  async stop(): Promise<void> {
    this.#channel = undefined
    const node = this.#drop()
    if (node !== undefined) await hangUp(node)
  }

  async #attempt(channel: string): Promise<void> {
    let node: Node | undefined
    try {
      node = await this.#connection.dial()
      if (channel !== this.#channel) return
      this.#watch(node, channel)
      await within(subscribe(node, channel), FIRST_ATTEMPT_MS, 'Redis did not answer')
      if (node !== this.#node) return node.disconnect()
      this.#up = true
      this.#failures = 0
      this.#listener.onResync()
    } catch (error) {
      if (channel === this.#channel && node === this.#node) this.#lost(channel, error)
    }
  }

  #watch(node: Node, channel: string): void {
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
    this.#stopHeartbeat = heartbeat(
      () => [node],
      () => lost('The connection fell silent.'),
    )
  }

  #lost(channel: string, cause: unknown): void {
    const wasUp = this.#up
    this.#drop()?.disconnect()
    this.#retry = setTimeout(() => void this.#attempt(channel), backoffMs(this.#failures++)).unref()
    if (wasUp) this.#listener.onDown(new FlagsError('CHANNEL_DOWN', 'The Redis hint channel is down.', { cause }))
  }

  #drop(): Node | undefined {
    const node = this.#node
    clearTimeout(this.#retry)
    this.#stopHeartbeat?.()
    this.#node = undefined
    this.#up = false
    return node
  }
}

async function subscribe(node: Node, channel: string): Promise<void> {
  await node.connect()
  await node.subscribe(channel)
}

/** What is published: `<version>:<name>`, and `|<json>` where it brings the record along. */
export function formatHint({ name, version }: Hint): string {
  return `${version}:${name}`
}

/** Anybody can publish, so anything else is nothing, and a record that cannot be used is left out. */
function parseHint(message: string): Hint | undefined {
  const bar = message.indexOf('|')
  const head = bar < 0 ? message : message.slice(0, bar)
  const colon = head.indexOf(':')
  const version = parseNumber(head.slice(0, Math.max(colon, 0)))
  const name = head.slice(colon + 1)
  if (version === undefined || !isRecordKey(name)) return undefined
  const flag = bar < 0 || message.length - bar > MAX_BROUGHT + 1 ? undefined : readRecord(name, message.slice(bar + 1))
  return flag === undefined || flag instanceof FlagsError ? { name, version } : { name, version, flag }
}
