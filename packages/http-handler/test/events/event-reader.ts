/** An event as a client sees it. */
export interface ReceivedEvent {
  readonly id: string | undefined
  readonly data: {
    readonly type: string
    readonly etag?: string
    readonly flag?: string
    readonly segment?: string
    readonly version: number
  }
}

/** Reads an event stream until it ends. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  text = ''
  /** `'end'`, or the error of the stream; `undefined` while it is open. */
  endedWith: unknown
  /** Resolves when the stream has ended. */
  readonly finished: Promise<void>

  /** `onData` is called with the data of each event. */
  constructor(response: Response, onData?: (data: ReceivedEvent['data']) => void) {
    if (response.body === null) throw new Error(`${response.status}: there is no body`)
    this.#reader = response.body.getReader()
    this.finished = this.#read(onData)
  }

  /** The events with data, parsed as `text/event-stream`. */
  get events(): readonly ReceivedEvent[] {
    return parseEvents(this.text)
  }

  /** The names and versions of flags and segments that changed, as `name@version`. */
  get changes(): readonly string[] {
    return this.events.filter(({ data }) => data.flag ?? data.segment).map(({ data }) => `${data.flag ?? data.segment}@${data.version}`)
  }

  get types(): readonly string[] {
    return this.events.map(({ data }) => (data.type === 'refetchEvaluation' && !(data.flag ?? data.segment) ? 'everything' : data.type))
  }

  /** The id that an `EventSource` would send when it reconnects. */
  get lastEventId(): string {
    return this.events.at(-1)?.id ?? ''
  }

  get heartbeats(): number {
    return this.text.split('\n').filter((line) => line.startsWith(':')).length
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel()
  }

  async #read(onData: ((data: ReceivedEvent['data']) => void) | undefined): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done) break
        const before = this.text
        this.text += this.#decoder.decode(value, { stream: true })
        // Parsed only for callers with `onData`, as each chunk parses the whole text again.
        if (onData !== undefined) for (const { data } of this.events.slice(parseEvents(before).length)) onData(data)
      }
      this.endedWith = 'end'
    } catch (error) {
      this.endedWith = error
    }
  }
}

/** Parses `text/event-stream`: a line ends with CR, LF or both, an event with an empty line. */
export function parseEvents(text: string): readonly ReceivedEvent[] {
  const events: ReceivedEvent[] = []
  let id: string | undefined
  let data: string[] = []
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (line === '') {
      if (data.length > 0) events.push({ id, data: JSON.parse(data.join('\n')) })
      data = []
    } else if (field === 'id') id = value
    else if (field === 'data') data.push(value)
  }
  return events
}
