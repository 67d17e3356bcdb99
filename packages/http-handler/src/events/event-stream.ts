import { HEARTBEAT } from './server-sent-events.ts'

/** How many events may wait for a client that does not read. Each has fewer than 400 bytes, and all clients share its text. */
const MAX_WAITING = 1_000

const encoder = new TextEncoder()

/** The response stream of one client, with a bounded queue of events. A client that lets the queue fill up is disconnected. */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #onEnd: () => void
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #waiting: string[] = []
  #isOpen = false
  #isPulled = false
  #isEnded = false

  /** `onOpen` is called with the first read, so that an unread response costs nothing. `onEnd` is called once, however the stream ends. */
  constructor(onOpen: () => void, onEnd: () => void) {
    this.#onEnd = onEnd
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          this.#isPulled = true
          if (!this.#isOpen) {
            this.#isOpen = true
            onOpen()
          }
          this.#flush()
        },
        cancel: () => this.#finish(),
      },
      { highWaterMark: 0 },
    )
  }

  send(text: string): void {
    if (this.#isEnded) return
    if (this.#waiting.length >= MAX_WAITING) {
      this.#fail(new Error(`A client was disconnected: it has left ${MAX_WAITING.toLocaleString('en')} events unread.`))
      return
    }
    this.#waiting.push(text)
    this.#flush()
  }

  /** Sends a heartbeat, unless events are waiting anyway. */
  sendHeartbeat(): void {
    if (this.#waiting.length === 0) this.send(HEARTBEAT)
  }

  /** Ends the stream. Waiting events are dropped: the client gets them when it reconnects. */
  end(): void {
    if (this.#isEnded) return
    this.#controller?.close()
    this.#finish()
  }

  /** Errors the stream, so that the server destroys the connection. An orderly end could not be delivered to a client that does not read. */
  #fail(error: Error): void {
    this.#controller?.error(error)
    this.#finish()
  }

  #finish(): void {
    this.#isEnded = true
    this.#waiting = []
    this.#onEnd()
  }

  #flush(): void {
    if (!this.#isPulled || this.#waiting.length === 0) return
    const text = this.#waiting.join('')
    this.#waiting = []
    this.#isPulled = false
    this.#controller?.enqueue(encoder.encode(text))
  }
}
