import { type ChannelListener, FlagsError, isRecordKey } from '@flagstone/core/adapter'
import type { Options } from 'postgres'
import type { OwnClient } from './client.ts'
import { storeError } from './errors.ts'

/** All in milliseconds. */
export interface ChannelTiming {
  /** How often a quiet connection is asked whether it is still there. */
  readonly pingMs: number
  /** How long the server may take to answer before the connection counts as lost. */
  readonly answerMs: number
  /** The first wait before it connects again; doubled with each failure up to `maxRetryMs`. */
  readonly retryMs: number
  readonly maxRetryMs: number
}

const CHANNEL_TIMING: ChannelTiming = { pingMs: 15_000, answerMs: 5_000, retryMs: 50, maxRetryMs: 5_000 }

const PAYLOAD = /^(\d{1,16}):(.+)$/s

/**
 * One connection that LISTENs. It does not use `sql.listen` of postgres.js, which tells nobody that a connection was lost, and keeps a
 * first attempt that failed as if it had worked.
 *
 * LISTEN may be said again and again, so that one question serves to subscribe, to subscribe again, and to see whether anybody is there.
 */
export class Channel {
  readonly #channel: string
  readonly #listener: ChannelListener
  readonly #timing: ChannelTiming
  readonly #client: OwnClient
  #state: 'new' | 'up' | 'down' | 'ended' = 'new'
  #asking = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined

  /** `connect` opens the client that this channel uses alone, and ends. */
  constructor(
    schema: string,
    listener: ChannelListener,
    connect: (options: Options<Record<never, never>>) => OwnClient,
    timing: ChannelTiming = CHANNEL_TIMING,
  ) {
    this.#channel = `flagstone:${schema}`
    this.#listener = listener
    this.#timing = timing
    this.#client = connect({
      max: 1,
      idle_timeout: 0,
      max_lifetime: 0,
      onclose: () => this.#closed(),
      onnotify: (channel: string, payload: string) => this.#notified(channel, payload),
    } as Options<Record<never, never>>)
  }

  /** Resolves when the first attempt to subscribe has ended, well or badly. Never rejects. */
  async open(): Promise<void> {
    await this.#ask()
  }

  async end(): Promise<void> {
    this.#state = 'ended'
    clearTimeout(this.#timer)
    await this.#client.end()
  }

  async #ask(): Promise<void> {
    this.#asking = true
    const late = setTimeout(() => this.#client.cut(), this.#timing.answerMs)
    late.unref()
    try {
      await this.#client.sql.unsafe(`LISTEN "${this.#channel}"`)
      this.#up()
    } catch (error) {
      this.#down(storeError(error, `LISTEN "${this.#channel}" failed`))
    } finally {
      clearTimeout(late)
      this.#asking = false
    }
  }

  #up(): void {
    if (this.#state === 'ended') return
    const isNew = this.#state !== 'up'
    this.#state = 'up'
    this.#failures = 0
    this.#askIn(this.#timing.pingMs)
    if (isNew) this.#listener.onResync()
  }

  #down(cause: FlagsError): void {
    if (this.#state === 'ended') return
    const isNew = this.#state !== 'down'
    this.#state = 'down'
    this.#askIn(Math.min(this.#timing.retryMs * 2 ** this.#failures++, this.#timing.maxRetryMs) * (0.5 + Math.random() / 2))
    if (isNew) this.#listener.onDown(cause)
  }

  #askIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#ask(), ms)
    this.#timer.unref()
  }

  #closed(): void {
    // A question under way hears it too, and knows more of the cause.
    if (this.#state === 'up' && !this.#asking) this.#down(new FlagsError('STORE_UNAVAILABLE', 'The connection that LISTENs was closed.'))
  }

  #notified(channel: string, payload: string): void {
    const [, version, name] = PAYLOAD.exec(payload) ?? []
    // Anybody may NOTIFY anything.
    if (this.#state === 'ended' || channel !== this.#channel || !isRecordKey(name)) return
    this.#listener.onHint({ name, version: Number(version) })
  }
}
