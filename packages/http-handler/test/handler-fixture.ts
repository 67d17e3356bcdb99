import { createFlags, type Flags, type FlagsError, type FlagsOptions, memoryCache, memoryStore } from '@flagstone/core'
import { ManualClock } from '../../core/test/manual-clock.ts'
import { flagsHandler, type Handler, type HandlerOptions } from '../src/index.ts'

type Options = Partial<Omit<HandlerOptions, 'flags'>>

/** A store, a client on it with a shared cache, a handler over that, and time that passes only when told to. */
export class HandlerFixture {
  readonly clock = new ManualClock()
  readonly store = memoryStore({ clock: this.clock })
  /** What the host was told. */
  readonly reportedErrors: FlagsError[] = []
  readonly flags: Flags

  constructor(options: Partial<FlagsOptions> = {}) {
    const { store, clock } = this
    this.flags = createFlags({ store, cache: memoryCache({ clock }), clock, background: false, ...options })
  }

  /** Everything is allowed unless the options say otherwise. */
  handler(options: Options = {}): Handler {
    return flagsHandler({
      flags: this.flags,
      authorize: () => true,
      clock: this.clock,
      onError: (error) => this.reportedErrors.push(error),
      ...options,
    })
  }

  /** Asks a handler that allows everything. */
  async send(path: string, init?: RequestInit): Promise<Response> {
    return await this.handler()(request(path, init))
  }

  async close(): Promise<void> {
    await this.clock.until(this.flags.close())
  }
}

export function request(path: string, init?: RequestInit): Request {
  return new Request(`http://localhost${path}`, init)
}

/** A request with a JSON body. */
export function jsonRequest(body: unknown, init: RequestInit = {}): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method: 'POST', body: text, ...init, headers: { 'Content-Type': 'application/json', ...init.headers } }
}

/** The problem document of a response, which must be one. */
export async function readProblem(response: Response): Promise<Record<string, unknown>> {
  const type = response.headers.get('content-type')
  if (type !== 'application/problem+json') throw new Error(`${response.status} ${type}: ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}
