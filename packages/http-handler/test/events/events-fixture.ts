import type { FlagsOptions } from '@flagstone/core'
import { settle } from '../../../core/test/manual-clock.ts'
import type { Handler, HandlerOptions } from '../../src/index.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { request } from '../http-requests.ts'
import { EventReader } from './event-reader.ts'

/** A fixture whose client hears of changes, with one handler for event streams. */
export class EventsFixture extends HandlerFixture {
  readonly eventsHandler: Handler

  constructor(options: Partial<FlagsOptions> = {}, handler: Partial<HandlerOptions> = {}) {
    super({ background: true, ...options })
    this.eventsHandler = this.handler(handler)
  }

  /** Opens a stream, which continues after `lastEventId` if it is given. */
  async openStream(lastEventId?: string, path = '/events'): Promise<EventReader> {
    const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }
    const response = await this.clock.until(this.eventsHandler(request(path, { headers })))
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
    const reader = new EventReader(response)
    await settle()
    return reader
  }

  /** Changes flags past this process, which then hears of it. */
  async changeElsewhere(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.store.update(name, { description: String(Math.random()) })
    await settle()
  }

  override async close(): Promise<void> {
    this.eventsHandler.close()
    await super.close()
  }
}
