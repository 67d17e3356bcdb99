import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { gate } from '../../../core/test/world.ts'
import { readProblem, request } from '../handler-fixture.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

let site: EventsFixture
beforeEach(async () => {
  site = new EventsFixture()
  await site.store.create({ name: 'a' })
  await site.flags.ready()
})
afterEach(() => site.close())

/** A response whose body nobody reads yet. */
async function unread(init?: RequestInit): Promise<Response> {
  const response = await site.clock.until(site.eventsHandler(request('/events', init)))
  await settle()
  return response
}

describe('a heartbeat', () => {
  test('comes every 15 s unless the option says otherwise, to everybody', async () => {
    const readers = [await site.openStream(), await site.openStream()]
    await site.clock.advance(14_000)
    expect(readers.map(({ heartbeats }) => heartbeats)).toEqual([0, 0])
    await site.clock.advance(1_000)
    expect(readers.map(({ heartbeats }) => heartbeats)).toEqual([1, 1])
    await site.clock.advance(45_000)
    expect(readers.map(({ heartbeats }) => heartbeats)).toEqual([4, 4])
    const handler = site.handler({ heartbeatMs: 1_000 })
    const reader = new EventReader(await site.clock.until(handler(request('/events'))))
    await site.clock.advance(3_000)
    expect(reader.heartbeats).toBe(3)
    handler.close()
  })

  test.each([0, 600_001, 1.5, '15'])('heartbeatMs: %j is refused at construction', (heartbeatMs) => {
    expect(() => site.handler({ heartbeatMs: heartbeatMs as number })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining('heartbeatMs') }),
    )
  })

  test('is one timer, however many listen', async () => {
    const before = site.clock.pending
    for (let client = 0; client < 50; client++) await site.openStream()
    expect(site.clock.pending).toBe(before + 1)
  })
})

describe('nothing is left of a client', () => {
  test('that goes: its stream, and with the last one the heartbeat and the interest in the log', async () => {
    const pending = site.clock.pending
    let reads = 0
    const { admin } = site.flags
    const { changes } = admin
    admin.changes = (page) => {
      reads++
      return changes.call(admin, page)
    }
    const [one, other] = [await site.openStream(), await site.openStream()]
    await one.cancel()
    await site.changeElsewhere('a')
    expect([one.changes, other.changes, reads]).toEqual([[], ['a@2'], 2])
    await other.cancel()
    await site.clock.advance(2_000)
    expect(site.clock.pending).toBe(pending)
    await site.changeElsewhere('a')
    expect([other.changes, reads]).toEqual([['a@2'], 2])
  })

  test('whose request is aborted, before the answer or after it', async () => {
    const pending = site.clock.pending
    const controller = new AbortController()
    const reader = new EventReader(await unread({ signal: controller.signal }))
    await settle()
    expect([reader.types, site.clock.pending]).toEqual([['connected'], pending + 1])
    controller.abort()
    await settle()
    expect([reader.endedWith, site.clock.pending]).toEqual(['end', pending])
    const gone = AbortSignal.abort()
    expect(await readProblem(await site.eventsHandler(request('/events', { signal: gone })))).toMatchObject({ code: 'REQUEST_ABORTED' })
    await site.clock.advance(15_000)
    expect(site.clock.pending).toBe(pending)
  })

  test('whose answer nobody reads', async () => {
    const pending = site.clock.pending
    await unread()
    await site.clock.advance(15_000)
    expect(site.clock.pending).toBe(pending)
  })

  test('but one that begins to read late has missed nothing', async () => {
    const response = await unread()
    await site.changeElsewhere('a', 'a')
    await site.clock.advance(60_000)
    await site.changeElsewhere('a')
    const reader = new EventReader(response)
    await settle()
    expect([reader.types[0], reader.changes]).toEqual(['connected', ['a@2', 'a@3', 'a@4']])
  })
})

describe('a client that does not read', () => {
  /** Reads once, so that the stream is open, and never again. */
  async function stuck(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const reader = (await unread()).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
    await reader.read()
    await settle()
    return reader
  }

  async function change(times: number): Promise<void> {
    for (let change = 0; change < times; change++) await site.store.update('a', { description: String(change) })
    await settle(40)
  }

  test('is kept as long as fewer than 1,000 events wait for it, and then dropped with an error', async () => {
    const [reader, other] = [await stuck(), await site.openStream()]
    await change(1_000)
    const { value } = await reader.read()
    expect(new TextDecoder().decode(value).match(/^data:/gm)).toHaveLength(1_000)
    await change(1_001)
    await expect(reader.read()).rejects.toThrow('1,000 events unread')
    expect(other.changes).toHaveLength(2_001)
    const pending = site.clock.pending
    await other.cancel()
    expect(site.clock.pending).toBe(pending - 1)
  })

  test('is not sent heartbeats upon heartbeats', async () => {
    const reader = await stuck()
    await site.clock.advance(150_000)
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(':\n\n')
    await reader.cancel()
  })
})

describe('close()', () => {
  test('ends every stream at once, with what was told, and leaves neither timer nor listener', async () => {
    const bare = site.clock.pending
    let listeners = 0
    const { on } = site.flags
    site.flags.on = (event, listener) => {
      const end = on.call(site.flags, event, listener as never)
      listeners++
      return () => {
        listeners--
        end()
      }
    }
    const handler = site.handler()
    const readers = [0, 1, 2].map(async () => new EventReader(await site.clock.until(handler(request('/events')))))
    await settle()
    const open = await Promise.all(readers)
    await site.changeElsewhere('a')
    expect(listeners).toBe(2)
    handler.close()
    handler.close()
    await settle()
    expect(open.map(({ endedWith, changes }) => [endedWith, changes])).toEqual(Array(3).fill(['end', ['a@2']]))
    await site.clock.advance(2_000)
    expect([site.clock.pending, listeners]).toEqual([bare, 0])
  })

  test('opens no stream any more, and leaves the rest as it was', async () => {
    const late = await unread()
    site.eventsHandler.close()
    expect(await readProblem(await site.eventsHandler(request('/events')))).toMatchObject({ status: 503, code: 'CLOSED' })
    expect((await site.eventsHandler(request('/flags/a?user_id=ada'))).status).toBe(200)
    const pending = site.clock.pending
    const reader = new EventReader(late)
    await settle()
    expect([reader.endedWith, site.clock.pending]).toEqual(['end', pending])
  })

  test('of the flags ends every stream with the next heartbeat', async () => {
    const reader = await site.openStream()
    await site.clock.until(site.flags.close())
    await site.clock.advance(15_000)
    expect([reader.endedWith, site.clock.pending]).toEqual(['end', 0])
    expect(await readProblem(await site.eventsHandler(request('/events')))).toMatchObject({ status: 503, code: 'CLOSED' })
  })

  test('while a client is on its way turns it away', async () => {
    const handler = site.handler()
    const { opened, open } = gate()
    const { admin } = site.flags
    const { changes } = admin
    admin.changes = async (page) => {
      await opened
      return await changes.call(admin, page)
    }
    const asking = handler(request('/events'))
    await settle()
    handler.close()
    open()
    expect(await readProblem(await site.clock.until(asking))).toMatchObject({ status: 503, code: 'CLOSED' })
  })
})
