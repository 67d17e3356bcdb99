import type { FlagsOptions } from '@flagstone/core'
import { settle } from '../../../core/test/manual-clock.ts'
import type { Handler, HandlerOptions } from '../../src/index.ts'
import { HandlerFixture, request } from '../handler-fixture.ts'
import { EventReader } from './event-reader.ts'

/** A site that hears of changes, with one handler, whose streams tests read. */
export class EventsFixture extends HandlerFixture {
  readonly eventsHandler: Handler

  constructor(options: Partial<FlagsOptions> = {}, handler: Partial<HandlerOptions> = {}) {
    super({ background: true, ...options })
    this.eventsHandler = this.handler(handler)
  }

  /** Opens a stream, going on from an event where one is given. */
  async openStream(lastEventId?: string, path = '/events'): Promise<EventReader> {
    const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }
    const response = await this.clock.until(this.eventsHandler(request(path, { headers })))
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
    const reader = new EventReader(response)
    await settle()
    return reader
  }

  /** Another process changes flags: this one hears of it. */
  async changeElsewhere(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.store.update(name, { description: String(Math.random()) })
    await settle()
  }

  override async close(): Promise<void> {
    this.eventsHandler.close()
    await super.close()
  }
}
