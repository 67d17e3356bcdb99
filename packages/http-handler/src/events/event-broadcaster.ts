import { FlagsError } from '@flagstone/core'
import { ChangeFeed, type FeedListener, type FeedParts } from './change-feed.ts'
import { EventStream } from './event-stream.ts'
import type { Entry, Place } from './log-entry.ts'
import { changeText, connectedText, everythingText, retryText } from './server-sent-events.ts'

/** How long a client waits before it comes back: this long to twice as long, so that they do not all come at once. */
const RETRY_MS = 2_000
/** After so many reads in a row that failed, those who wait have to ask for everything: it may be their part of the log that takes too long. */
const MAX_FAILURES = 2

export interface EventStreamsParts extends FeedParts {
  readonly heartbeatMs: number
}

interface Client {
  readonly stream: EventStream
  /** What it was told of last; `undefined`: it has to ask for everything. */
  from: Place | undefined
  /** Whether it has been told what it missed, and so is told what comes. */
  isPlaced: boolean
}

/** The streams that are open, on one feed and one heartbeat. */
export class EventStreams implements FeedListener {
  readonly #parts: EventStreamsParts
  readonly #feed: ChangeFeed
  readonly #clients = new Set<Client>()
  /** Those for whom the log has to be read. */
  readonly #waiting = new Set<Client>()
  #isReading = false
  #failures = 0
  #cancelBeat: (() => void) | undefined
  #isClosed = false

  constructor(parts: EventStreamsParts) {
    this.#parts = parts
    this.#feed = new ChangeFeed(parts, this)
  }

  /**
   * A stream that goes on from a place: `'here'` for a client that has not been told anything, `'nowhere'` for one that was told something that
   * nobody can make out. Where the log cannot be read it opens all the same: an `EventSource` takes any other answer for final. Rejects with
   * `CLOSED`.
   */
  async open(from: Place | 'here' | 'nowhere', signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    this.#assertOpen()
    this.#cancelBeat ??= this.#beatLater()
    await this.#feed.follow()
    this.#assertOpen()
    const here = this.#feed.recent?.end
    const client: Client = {
      stream: new EventStream(
        () => this.#join(client),
        () => {
          signal.removeEventListener('abort', onAbort)
          this.#leave(client)
        },
      ),
      from: from === 'here' ? here : from === 'nowhere' ? undefined : from,
      isPlaced: false,
    }
    const onAbort = (): void => client.stream.end()
    signal.addEventListener('abort', onAbort)
    client.stream.send(retryText(Math.round(RETRY_MS * (1 + Math.random()))))
    if (from === 'here' && here !== undefined) client.stream.send(connectedText(here))
    return client.stream.body
  }

  onChange(entry: Entry): void {
    const text = changeText(entry)
    for (const { stream, isPlaced, from } of this.#clients) {
      // Another process may have told it more than this one could see until now.
      if (isPlaced && entry.version > (from?.version ?? 0)) stream.send(text)
    }
  }

  onBegin(): void {
    for (const client of this.#clients) this.#place(client)
  }

  onLost(): void {
    for (const client of this.#clients) {
      client.from = undefined
      client.isPlaced = false
    }
  }

  onClose(): void {
    this.close()
  }

  /** Ends every stream. From then on none is opened. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const { stream } of this.#clients) stream.end()
    this.#rest()
    this.#feed.close()
  }

  #join(client: Client): void {
    if (this.#isClosed) {
      client.stream.end()
      return
    }
    this.#clients.add(client)
    this.#cancelBeat ??= this.#beatLater()
    if (this.#feed.recent === undefined) void this.#feed.follow()
    else this.#place(client)
  }

  #leave(client: Client): void {
    this.#clients.delete(client)
    this.#waiting.delete(client)
    if (this.#clients.size === 0) this.#rest()
  }

  /** Tells what it has missed, where that is known, or else when the log has been read for it. */
  #place(client: Client): void {
    if (this.#feed.recent === undefined || client.isPlaced) return
    const isKnown = client.from === undefined ? false : this.#feed.knows(client.from)
    if (isKnown === undefined) {
      this.#waiting.add(client)
      void this.#readForWaiting()
    } else this.#tell(client, isKnown)
  }

  /** Nothing is waited for in here: what is told meanwhile would be missing. */
  #tell(client: Client, isKnown: boolean): void {
    const { recent } = this.#feed
    this.#waiting.delete(client)
    if (recent === undefined || client.isPlaced) return
    const missed = isKnown && client.from !== undefined ? this.#feed.after(client.from) : undefined
    client.isPlaced = true
    if (missed === undefined) {
      client.from = undefined
      client.stream.send(everythingText(recent.end))
      return
    }
    for (const entry of missed) client.stream.send(changeText(entry))
  }

  /** One at a time: who has left does not count, and the next may find what it wants. */
  async #readForWaiting(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    for (let [client] = this.#waiting; client?.from !== undefined && !this.#feed.isFailing; [client] = this.#waiting) {
      const isReached = await this.#feed.reach(client.from)
      this.#failures = isReached === undefined ? this.#failures + 1 : 0
      if (isReached !== undefined) this.#tell(client, isReached)
      else if (this.#failures >= MAX_FAILURES) this.#giveUp()
    }
    this.#isReading = false
  }

  /** Nobody is sent back: who was told of more elsewhere waits until this process knows it. */
  #giveUp(): void {
    const end = this.#feed.recent?.end.version ?? 0
    for (const client of this.#waiting) if ((client.from?.version ?? 0) <= end) this.#tell(client, false)
  }

  #beatLater(): () => void {
    return this.#parts.clock.after(this.#parts.heartbeatMs, () => {
      this.#cancelBeat = undefined
      if (this.#clients.size === 0) return this.#rest()
      this.#cancelBeat = this.#beatLater()
      for (const client of this.#clients) {
        client.stream.beat()
        this.#place(client)
      }
      void this.#feed.look()
    })
  }

  #rest(): void {
    this.#cancelBeat?.()
    this.#cancelBeat = undefined
    this.#feed.rest()
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new FlagsError('CLOSED', 'The handler is closed.')
  }
}
