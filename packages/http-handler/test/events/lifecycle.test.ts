import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { gate } from '../../../core/test/client-fleet.ts'
import { settle } from '../../../core/test/manual-clock.ts'
import { readProblem, request } from '../http-requests.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

let fixture: EventsFixture
beforeEach(async () => {
  fixture = new EventsFixture()
  await fixture.store.create({ name: 'a' })
  await fixture.flags.ready()
})
afterEach(() => fixture.close())

/** A response whose body is not read yet. */
async function unread(init?: RequestInit): Promise<Response> {
  const response = await fixture.clock.until(fixture.eventsHandler(request('/events', init)))
  await settle()
  return response
}

describe('a heartbeat', () => {
  test('is sent to every client every 15 s, or as the option says', async () => {
    const readers = [await fixture.openStream(), await fixture.openStream()]
    await fixture.clock.advance(14_000)
    expect(readers.map(({ heartbeats }) => heartbeats)).toEqual([0, 0])
    await fixture.clock.advance(1_000)
    expect(readers.map(({ heartbeats }) => heartbeats)).toEqual([1, 1])
    await fixture.clock.advance(45_000)
    expect(readers.map(({ heartbeats }) => heartbeats)).toEqual([4, 4])
    const handler = fixture.handler({ heartbeatMs: 1_000 })
    const reader = new EventReader(await fixture.clock.until(handler(request('/events'))))
    await fixture.clock.advance(3_000)
    expect(reader.heartbeats).toBe(3)
    handler.close()
  })

  test.each([0, 600_001, 1.5, '15'])('heartbeatMs: %j is refused at construction', (heartbeatMs) => {
    expect(() => fixture.handler({ heartbeatMs: heartbeatMs as number })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining('heartbeatMs') }),
    )
  })

  test('needs one timer, however many clients listen', async () => {
    const before = fixture.clock.pending
    for (let client = 0; client < 50; client++) await fixture.openStream()
    expect(fixture.clock.pending).toBe(before + 1)
  })
})

describe('nothing is kept for a client', () => {
  test('that leaves: its stream ends, and with the last one the heartbeat and the reads of the log', async () => {
    const pending = fixture.clock.pending
    let reads = 0
    const { admin } = fixture.flags
    const { changes } = admin
    admin.changes = (page) => {
      reads++
      return changes.call(admin, page)
    }
    const [one, other] = [await fixture.openStream(), await fixture.openStream()]
    await one.cancel()
    await fixture.changeElsewhere('a')
    expect([one.changes, other.changes, reads]).toEqual([[], ['a@2'], 2])
    await other.cancel()
    await fixture.clock.advance(2_000)
    expect(fixture.clock.pending).toBe(pending)
    await fixture.changeElsewhere('a')
    expect([other.changes, reads]).toEqual([['a@2'], 2])
  })

  test('whose request is aborted, before or after the response', async () => {
    const pending = fixture.clock.pending
    const controller = new AbortController()
    const reader = new EventReader(await unread({ signal: controller.signal }))
    await settle()
    expect([reader.types, fixture.clock.pending]).toEqual([['connected'], pending + 1])
    controller.abort()
    await settle()
    expect([reader.endedWith, fixture.clock.pending]).toEqual(['end', pending])
    const gone = AbortSignal.abort()
    expect(await readProblem(await fixture.eventsHandler(request('/events', { signal: gone })))).toMatchObject({ code: 'REQUEST_ABORTED' })
    await fixture.clock.advance(15_000)
    expect(fixture.clock.pending).toBe(pending)
  })

  test('that never reads its response', async () => {
    const pending = fixture.clock.pending
    await unread()
    await fixture.clock.advance(15_000)
    expect(fixture.clock.pending).toBe(pending)
  })

  test('but one that begins to read late misses nothing', async () => {
    const response = await unread()
    await fixture.changeElsewhere('a', 'a')
    await fixture.clock.advance(60_000)
    await fixture.changeElsewhere('a')
    const reader = new EventReader(response)
    await settle()
    expect([reader.types[0], reader.changes]).toEqual(['connected', ['a@2', 'a@3', 'a@4']])
  })
})

describe('a client that does not read', () => {
  /** Reads once, so that the stream opens, and never again. */
  async function stuck(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const reader = (await unread()).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
    await reader.read()
    await settle()
    return reader
  }

  async function change(times: number): Promise<void> {
    for (let change = 0; change < times; change++) await fixture.store.update('a', { description: String(change) })
    await settle(40)
  }

  test('is kept while at most 1,000 events wait for it, and then disconnected with an error', async () => {
    const [reader, other] = [await stuck(), await fixture.openStream()]
    await change(1_000)
    const { value } = await reader.read()
    expect(new TextDecoder().decode(value).match(/^data:/gm)).toHaveLength(1_000)
    await change(1_001)
    await expect(reader.read()).rejects.toThrow('1,000 events unread')
    expect(other.changes).toHaveLength(2_001)
    const pending = fixture.clock.pending
    await other.cancel()
    expect(fixture.clock.pending).toBe(pending - 1)
  })

  test('is not sent more heartbeats while one waits', async () => {
    const reader = await stuck()
    await fixture.clock.advance(150_000)
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(':\n\n')
    await reader.cancel()
  })
})

describe('close()', () => {
  test('ends every stream at once, after what was sent, and leaves neither timer nor listener', async () => {
    const bare = fixture.clock.pending
    let listeners = 0
    const { on } = fixture.flags
    fixture.flags.on = (event, listener) => {
      const end = on.call(fixture.flags, event, listener as never)
      listeners++
      return () => {
        listeners--
        end()
      }
    }
    const handler = fixture.handler()
    const readers = [0, 1, 2].map(async () => new EventReader(await fixture.clock.until(handler(request('/events')))))
    await settle()
    const open = await Promise.all(readers)
    await fixture.changeElsewhere('a')
    expect(listeners).toBe(2)
    handler.close()
    handler.close()
    await settle()
    expect(open.map(({ endedWith, changes }) => [endedWith, changes])).toEqual(Array(3).fill(['end', ['a@2']]))
    await fixture.clock.advance(2_000)
    expect([fixture.clock.pending, listeners]).toEqual([bare, 0])
  })

  test('refuses new streams, and affects no other route', async () => {
    const late = await unread()
    fixture.eventsHandler.close()
    expect(await readProblem(await fixture.eventsHandler(request('/events')))).toMatchObject({ status: 503, code: 'CLOSED' })
    expect((await fixture.eventsHandler(request('/flags/a?user_id=ada'))).status).toBe(200)
    const pending = fixture.clock.pending
    const reader = new EventReader(late)
    await settle()
    expect([reader.endedWith, fixture.clock.pending]).toEqual(['end', pending])
  })

  test('of the flags client ends every stream with the next heartbeat', async () => {
    const reader = await fixture.openStream()
    await fixture.clock.until(fixture.flags.close())
    await fixture.clock.advance(15_000)
    expect([reader.endedWith, fixture.clock.pending]).toEqual(['end', 0])
    expect(await readProblem(await fixture.eventsHandler(request('/events')))).toMatchObject({ status: 503, code: 'CLOSED' })
  })

  test('refuses a client that is just connecting', async () => {
    const handler = fixture.handler()
    const { opened, open } = gate()
    const { admin } = fixture.flags
    const { changes } = admin
    admin.changes = async (page) => {
      await opened
      return await changes.call(admin, page)
    }
    const asking = handler(request('/events'))
    await settle()
    handler.close()
    open()
    expect(await readProblem(await fixture.clock.until(asking))).toMatchObject({ status: 503, code: 'CLOSED' })
  })
})
