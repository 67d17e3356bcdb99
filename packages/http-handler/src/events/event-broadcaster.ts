import { FlagsError } from '@flagstone/core'
import { ChangeFeed, type ChangeFeedListener, type ChangeFeedOptions } from './change-feed.ts'
import { EventStream } from './event-stream.ts'
import type { LogEntry, LogPosition } from './log-entry.ts'
import { changeEvent, connectedEvent, refetchAllEvent, retryDelay } from './server-sent-events.ts'

/** How long a client waits before it reconnects: a random time from this to twice this, so that clients do not all come at once. */
const RETRY_MS = 2_000
/** After this many failed reads in a row, waiting clients are told to fetch everything: their part of the log may take too long to read. */
const MAX_FAILURES = 2

export interface EventBroadcasterOptions extends ChangeFeedOptions {
  readonly heartbeatMs: number
}

interface Client {
  readonly stream: EventStream
  /** The position that it continues from; `undefined`: it has to fetch everything. */
  position: LogPosition | undefined
  /** Whether it got what it had missed, and so gets new changes as they come. */
  isCaughtUp: boolean
}

/** Sends the changes of one feed, and one heartbeat, to all open streams. */
export class EventBroadcaster implements ChangeFeedListener {
  readonly #options: EventBroadcasterOptions
  readonly #feed: ChangeFeed
  readonly #clients = new Set<Client>()
  /** Clients that wait until the log has been read for them. */
  readonly #waiting = new Set<Client>()
  #isReading = false
  #failures = 0
  #cancelHeartbeat: (() => void) | undefined
  #isClosed = false

  constructor(options: EventBroadcasterOptions) {
    this.#options = options
    this.#feed = new ChangeFeed(options, this)
  }

  /**
   * Opens a stream that continues from a position: `'latest'` for a new client, `'unknown'` for a client whose event id cannot be parsed. It opens
   * even if the log cannot be read, because an `EventSource` does not retry after any status but 200. Rejects with `CLOSED`.
   */
  async open(from: LogPosition | 'latest' | 'unknown', signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    this.#assertOpen()
    this.#cancelHeartbeat ??= this.#scheduleHeartbeat()
    await this.#feed.follow()
    this.#assertOpen()
    const latest = this.#feed.recent?.end
    const client: Client = {
      stream: new EventStream(
        () => this.#addClient(client),
        () => {
          signal.removeEventListener('abort', onAbort)
          this.#removeClient(client)
        },
      ),
      position: from === 'latest' ? latest : from === 'unknown' ? undefined : from,
      isCaughtUp: false,
    }
    const onAbort = (): void => client.stream.end()
    signal.addEventListener('abort', onAbort)
    client.stream.send(retryDelay(Math.round(RETRY_MS * (1 + Math.random()))))
    if (from === 'latest' && latest !== undefined) client.stream.send(connectedEvent(latest))
    return client.stream.body
  }

  onChange(entry: LogEntry): void {
    const text = changeEvent(entry)
    for (const { stream, isCaughtUp, position } of this.#clients) {
      // Another process may have sent the client changes that become visible here only now.
      if (isCaughtUp && entry.version > (position?.version ?? 0)) stream.send(text)
    }
  }

  onReady(): void {
    for (const client of this.#clients) this.#catchUp(client)
  }

  onLost(): void {
    for (const client of this.#clients) {
      client.position = undefined
      client.isCaughtUp = false
    }
  }

  onClose(): void {
    this.close()
  }

  /** Ends every stream, and opens no more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const { stream } of this.#clients) stream.end()
    this.#pause()
    this.#feed.close()
  }

  #addClient(client: Client): void {
    if (this.#isClosed) {
      client.stream.end()
      return
    }
    this.#clients.add(client)
    this.#cancelHeartbeat ??= this.#scheduleHeartbeat()
    if (this.#feed.recent === undefined) void this.#feed.follow()
    else this.#catchUp(client)
  }

  #removeClient(client: Client): void {
    this.#clients.delete(client)
    this.#waiting.delete(client)
    if (this.#clients.size === 0) this.#pause()
  }

  /** Sends the client what it has missed, at once if that is at hand, otherwise after the log has been read. */
  #catchUp(client: Client): void {
    if (this.#feed.recent === undefined || client.isCaughtUp) return
    const isKnown = client.position === undefined ? false : this.#feed.contains(client.position)
    if (isKnown === undefined) {
      this.#waiting.add(client)
      void this.#loadForWaiting()
    } else this.#sendMissed(client, isKnown)
  }

  /** Synchronous on purpose: a change that came during an await would be lost. */
  #sendMissed(client: Client, isKnown: boolean): void {
    const { recent } = this.#feed
    this.#waiting.delete(client)
    if (recent === undefined || client.isCaughtUp) return
    const missed = isKnown && client.position !== undefined ? this.#feed.changesAfter(client.position) : undefined
    client.isCaughtUp = true
    if (missed === undefined) {
      client.position = undefined
      client.stream.send(refetchAllEvent(recent.end))
      return
    }
    for (const entry of missed) client.stream.send(changeEvent(entry))
  }

  /** One client at a time: the next may have left, or may find its changes already loaded. */
  async #loadForWaiting(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    for (let [client] = this.#waiting; client?.position !== undefined && !this.#feed.isFailing; [client] = this.#waiting) {
      const isLoaded = await this.#feed.loadBackTo(client.position)
      this.#failures = isLoaded === undefined ? this.#failures + 1 : 0
      if (isLoaded !== undefined) this.#sendMissed(client, isLoaded)
      else if (this.#failures >= MAX_FAILURES) this.#giveUp()
    }
    this.#isReading = false
  }

  /** Tells waiting clients to fetch everything. A client that is ahead of this process waits on, as events must never go back. */
  #giveUp(): void {
    const end = this.#feed.recent?.end.version ?? 0
    for (const client of this.#waiting) if ((client.position?.version ?? 0) <= end) this.#sendMissed(client, false)
  }

  #scheduleHeartbeat(): () => void {
    return this.#options.clock.after(this.#options.heartbeatMs, () => {
      this.#cancelHeartbeat = undefined
      if (this.#clients.size === 0) return this.#pause()
      this.#cancelHeartbeat = this.#scheduleHeartbeat()
      for (const client of this.#clients) {
        client.stream.sendHeartbeat()
        this.#catchUp(client)
      }
      void this.#feed.poll()
    })
  }

  #pause(): void {
    this.#cancelHeartbeat?.()
    this.#cancelHeartbeat = undefined
    this.#feed.pause()
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new FlagsError('CLOSED', 'The handler is closed.')
  }
}
