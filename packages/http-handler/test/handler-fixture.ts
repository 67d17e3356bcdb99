import { createFlags, type Flags, type FlagsError, type FlagsOptions, memoryCache, memoryStore } from '@flagstone/core'
import { ManualClock } from '../../core/test/manual-clock.ts'
import { flagsHandler, type Handler, type HandlerOptions } from '../src/index.ts'
import { request } from './http-requests.ts'

type Options = Partial<Omit<HandlerOptions, 'flags'>>

/** A store, a client with a shared cache, handlers for it, and a clock that the test advances. */
export class HandlerFixture {
  readonly clock = new ManualClock()
  readonly store = memoryStore({ clock: this.clock })
  /** The errors that `onError` was called with. */
  readonly reportedErrors: FlagsError[] = []
  readonly flags: Flags

  constructor(options: Partial<FlagsOptions> = {}) {
    const { store, clock } = this
    this.flags = createFlags({ store, cache: memoryCache({ clock }), clock, background: false, ...options })
  }

  /** A handler that allows everything, unless the options say otherwise. */
  handler(options: Options = {}): Handler {
    return flagsHandler({
      flags: this.flags,
      authorize: () => true,
      clock: this.clock,
      onError: (error) => this.reportedErrors.push(error),
      ...options,
    })
  }

  /** Sends a request to a handler that allows everything. */
  async send(path: string, init?: RequestInit): Promise<Response> {
    return await this.handler()(request(path, init))
  }

  async close(): Promise<void> {
    await this.clock.until(this.flags.close())
  }
}
