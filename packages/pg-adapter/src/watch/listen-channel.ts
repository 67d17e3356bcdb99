import { type ChannelListener, FlagsError, isRecordKey } from '@flagstone/core/adapter'
import type { Options } from 'postgres'
import type { OwnClient } from '../connection/own-client.ts'
import { storeError } from '../connection/store-error.ts'

/** All in milliseconds. */
export interface ChannelTiming {
  /** How often a quiet connection is checked. */
  readonly pingMs: number
  /** How long the server may take to answer; after that the connection counts as lost. */
  readonly answerMs: number
  /** The wait before the first reconnect; it doubles with each failure, up to `maxRetryMs`. */
  readonly retryMs: number
  readonly maxRetryMs: number
}

const CHANNEL_TIMING: ChannelTiming = { pingMs: 15_000, answerMs: 5_000, retryMs: 50, maxRetryMs: 5_000 }

const PAYLOAD = /^(\d{1,16}):(.+)$/s

/**
 * One connection that LISTENs. It does not use `sql.listen` of postgres.js, which does not report a lost connection and treats a failed
 * first attempt as a success.
 *
 * LISTEN can be repeated, so the same statement subscribes, subscribes again, and checks that the connection is alive.
 */
export class ListenChannel {
  readonly #channel: string
  readonly #listener: ChannelListener
  readonly #timing: ChannelTiming
  readonly #client: OwnClient
  #state: 'new' | 'up' | 'down' | 'ended' = 'new'
  #subscribing = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined

  /** `connect` opens a client for this channel only; the channel ends it. */
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

  /** Resolves when the first attempt to subscribe has succeeded or failed. Never rejects. */
  async open(): Promise<void> {
    await this.#subscribe()
  }

  async end(): Promise<void> {
    this.#state = 'ended'
    clearTimeout(this.#timer)
    await this.#client.end()
  }

  async #subscribe(): Promise<void> {
    this.#subscribing = true
    const late = setTimeout(() => this.#client.dropConnections(), this.#timing.answerMs)
    late.unref()
    try {
      await this.#client.sql.unsafe(`LISTEN "${this.#channel}"`)
      this.#reportUp()
    } catch (error) {
      this.#reportDown(storeError(error, `LISTEN "${this.#channel}" failed`))
    } finally {
      clearTimeout(late)
      this.#subscribing = false
    }
  }

  #reportUp(): void {
    if (this.#state === 'ended') return
    const isNew = this.#state !== 'up'
    this.#state = 'up'
    this.#failures = 0
    this.#subscribeIn(this.#timing.pingMs)
    if (isNew) this.#listener.onResync()
  }

  #reportDown(cause: FlagsError): void {
    if (this.#state === 'ended') return
    const isNew = this.#state !== 'down'
    this.#state = 'down'
    this.#subscribeIn(Math.min(this.#timing.retryMs * 2 ** this.#failures++, this.#timing.maxRetryMs) * (0.5 + Math.random() / 2))
    if (isNew) this.#listener.onDown(cause)
  }

  #subscribeIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#subscribe(), ms)
    this.#timer.unref()
  }

  #closed(): void {
    // A LISTEN in progress fails too, and its error says more about the cause.
    if (this.#state === 'up' && !this.#subscribing)
      this.#reportDown(new FlagsError('STORE_UNAVAILABLE', 'The connection that LISTENs was closed.'))
  }

  #notified(channel: string, payload: string): void {
    const [, version, name] = PAYLOAD.exec(payload) ?? []
    // Any session can send any NOTIFY, so the payload is checked.
    if (this.#state === 'ended' || channel !== this.#channel || !isRecordKey(name)) return
    this.#listener.onHint({ name, version: Number(version) })
  }
}
