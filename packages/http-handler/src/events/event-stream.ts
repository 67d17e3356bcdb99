import { HEARTBEAT } from './server-sent-events.ts'

/** How many events may wait for a client that does not read. Each has fewer than 400 bytes, and all clients share its text. */
const MAX_WAITING = 1_000

const encoder = new TextEncoder()

/** What one client is sent. Nothing waits in the response itself: there is this one bounded queue, and a client that lets it fill is dropped. */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #onEnd: () => void
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #waiting: string[] = []
  #isOpen = false
  #isAsked = false
  #isEnded = false

  /** `onOpen` is called when somebody begins to read: a response that nobody reads holds nothing. `onEnd` is called once, however it ends. */
  constructor(onOpen: () => void, onEnd: () => void) {
    this.#onEnd = onEnd
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          this.#isAsked = true
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
      this.#fail(new Error(`A client was dropped: it has left ${MAX_WAITING.toLocaleString('en')} events unread.`))
      return
    }
    this.#waiting.push(text)
    this.#flush()
  }

  /** Says that the connection is alive, unless there is something to be read anyway. */
  beat(): void {
    if (this.#waiting.length === 0) this.send(HEARTBEAT)
  }

  /** What still waits is not sent: the client asks for it when it comes back. */
  end(): void {
    if (this.#isEnded) return
    this.#controller?.close()
    this.#finish()
  }

  /** Not an orderly end, which a server could never deliver to who does not read: it has to destroy the connection. */
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
    if (!this.#isAsked || this.#waiting.length === 0) return
    const text = this.#waiting.join('')
    this.#waiting = []
    this.#isAsked = false
    this.#controller?.enqueue(encoder.encode(text))
  }
}
