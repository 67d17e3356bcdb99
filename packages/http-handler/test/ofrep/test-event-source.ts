import { EventReader } from '../events/event-reader.ts'

type Listener = (event: { readonly data?: string }) => void

/** The parts of a browser's `EventSource` that the provider uses, for Node, which has none. It reconnects at once when its stream ends. */
export class TestEventSource {
  static readonly opened: TestEventSource[] = []
  readonly url: string
  /** 0: connecting, 1: open, 2: closed. */
  readyState = 0
  readonly #listeners: (readonly [type: string, listener: Listener])[] = []
  readonly #abort = new AbortController()

  constructor(url: string) {
    this.url = url
    TestEventSource.opened.push(this)
    void this.#run()
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.push([type, listener])
  }

  close(): void {
    this.readyState = 2
    this.#abort.abort()
  }

  async #run(): Promise<void> {
    let lastEventId = ''
    while (this.readyState !== 2) {
      const headers = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }
      const response = await fetch(this.url, { headers, signal: this.#abort.signal }).catch(() => undefined)
      if (response?.status === 200) lastEventId = (await this.#listen(response)) || lastEventId
      if (this.readyState !== 2) this.readyState = 0
      this.#tell('error')
    }
  }

  /** Resolves with the id of the last event, once the stream has ended. */
  async #listen(response: Response): Promise<string> {
    this.readyState = 1
    this.#tell('open')
    const reader = new EventReader(response, (data) => this.#tell('message', { data: JSON.stringify(data) }))
    await reader.finished
    return reader.lastEventId
  }

  #tell(type: string, event: { readonly data?: string } = {}): void {
    for (const [wanted, listener] of this.#listeners) if (wanted === type) listener(event)
  }
}
