import { type ChangesPage, type FlagStore, FlagsError, memoryStore } from '@flagstone/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around, gate, unwatched } from '../../../core/test/client-fleet.ts'
import { settle } from '../../../core/test/manual-clock.ts'
import { request } from '../http-requests.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

let fixture: EventsFixture
/** The pages of the log that were requested. */
let pages: ChangesPage[]
/** What happens before each read of the log, and between a read and its result. */
let meanwhile: () => Promise<void>
let afterwards: () => Promise<void>
beforeEach(async () => {
  pages = []
  meanwhile = async () => undefined
  afterwards = async () => undefined
  fixture = new EventsFixture({}, { heartbeatMs: 600_000 })
  const { admin } = fixture.flags
  const { changes } = admin
  admin.changes = async (page = {}) => {
    pages.push(page)
    await meanwhile()
    const answer = await changes.call(admin, page)
    await afterwards()
    return answer
  }
  for (const name of ['a', 'b']) await fixture.store.create({ name })
})
afterEach(() => fixture.close())

const down = (): Promise<void> => Promise.reject(new FlagsError('STORE_UNAVAILABLE', 'refused'))

describe('the log', () => {
  test('is read without the records, which may be large', async () => {
    await fixture.changeElsewhere('a')
    await fixture.openStream('1')
    await fixture.changeElsewhere('b')
    expect(pages.map(({ records }) => records)).toEqual([false, false, false])
  })

  test('is read for one client at a time, and not for clients whose changes another has loaded', async () => {
    await fixture.changeElsewhere('a', 'b', 'a')
    await fixture.openStream()
    const held = gate()
    meanwhile = () => held.opened
    pages.length = 0
    const readers = await Promise.all(['2', '3', '4', '1'].map((place) => fixture.openStream(place)))
    expect(pages).toEqual([{ after: { version: 2 }, limit: 500, records: false }])
    held.open()
    await settle()
    expect(pages.map(({ after }) => after?.version)).toEqual([2, 1])
    expect(readers.map(({ changes }) => changes.length)).toEqual([3, 2, 1, 4])
  })

  test('is not read for clients that have left', async () => {
    await fixture.changeElsewhere('a', 'b', 'a')
    await fixture.openStream()
    const held = gate()
    meanwhile = () => held.opened
    pages.length = 0
    for (let client = 0; client < 20; client++) await (await fixture.openStream(String(100 + client))).cancel()
    const back = await fixture.openStream('3')
    held.open()
    await settle()
    expect([pages.map(({ after }) => after?.version), back.changes]).toEqual([
      [100, 3],
      ['b@4', 'a@5'],
    ])
  })

  test('is read for a first client that reads late, although nobody else listened meanwhile', async () => {
    const first = await fixture.openStream()
    await fixture.changeElsewhere('a')
    const unread = await fixture.clock.until(fixture.eventsHandler(request('/events')))
    await first.cancel()
    await fixture.changeElsewhere('b')
    await fixture.openStream()
    const late = new EventReader(unread)
    await settle()
    expect([late.types, (await fixture.openStream('2')).changes]).toEqual([
      ['connected', 'refetchEvaluation'],
      ['a@3', 'b@4'],
    ])
    expect(fixture.reportedErrors).toEqual([])
  })

  test('is not read for clients that are too far behind for a replay', async () => {
    for (let change = 0; change < 501; change++) await fixture.store.update('a', { description: String(change) })
    const first = await fixture.openStream()
    pages.length = 0
    expect((await fixture.openStream('2')).types).toEqual(['everything'])
    expect((await fixture.openStream('0.')).types).toEqual(['everything'])
    expect(pages).toEqual([])
    expect((await fixture.openStream('3')).changes).toHaveLength(500)
    await fixture.changeElsewhere('b')
    expect(first.changes).toEqual(['b@504'])
  })
})

describe('a client of another history has to fetch everything', () => {
  test.each([
    ['before', '3'],
    ['right after', '2'],
    ['at', '1'],
  ])('also %s the position of a client that sent a version alone', async (_, other) => {
    await fixture.changeElsewhere('a', 'b')
    await fixture.openStream()
    expect((await fixture.openStream(other)).types).not.toContain('everything')
    expect((await fixture.openStream('2.of-another-history')).types).toEqual(['everything'])
    const log = await fixture.flags.admin.changes()
    const changes = log.kind === 'changes' ? log.changes : []
    expect(changes).toHaveLength(4)
    for (const { version, id } of changes) {
      expect((await fixture.openStream(`${version}.${id}`)).changes).toHaveLength(4 - version)
      expect((await fixture.openStream(`${version}.of-another-history`)).types).toEqual(['everything'])
    }
    pages.length = 0
    for (const { version, id } of changes)
      await Promise.all([fixture.openStream(`${version}.${id}`), fixture.openStream(`${version}.x`), fixture.openStream(`${version}`)])
    expect(pages).toEqual([])
  })

  test('each time that the store goes back, even to the same version', async () => {
    const { clock } = fixture
    const [first, second, third] = ['a', 'b', 'c'].map((name) => memoryStore({ clock, flags: [{ name }] })) as [
      FlagStore,
      FlagStore,
      FlagStore,
    ]
    let current = first
    const store = new Proxy(first, { get: (_, key) => Reflect.get(current, key).bind(current) as unknown })
    const other = new EventsFixture({ store: unwatched(store), cache: undefined as never, clock }, { clock })
    const reader = await other.openStream()
    for (const [restored, told] of [
      [second, 1],
      [third, 2],
    ] as const) {
      current = restored
      await clock.advance(4_000)
      expect(reader.types).toEqual(['connected', ...Array(told).fill('everything')])
    }
    other.eventsHandler.close()
    await clock.until(other.flags.close())
  })
})

describe('while the log cannot be read', () => {
  test('clients that reconnect cause no reads, the host gets one error, and all get what they missed as soon as it can be read', async () => {
    await fixture.changeElsewhere('a')
    const first = await fixture.openStream()
    meanwhile = down
    pages.length = 0
    const readers = await Promise.all(['2', '1', '2.of-another-history'].map((place) => fixture.openStream(place)))
    for (let client = 0; client < 20; client++) readers.push(await fixture.openStream('1'))
    expect(pages).toHaveLength(1)
    await fixture.clock.advance(10_000)
    expect(pages).toHaveLength(6)
    expect([first, ...readers].map(({ types }) => types.length)).toEqual([1, ...readers.map(() => 0)])
    expect(fixture.reportedErrors.map(({ code }) => code)).toEqual(['STORE_UNAVAILABLE'])
    meanwhile = async () => undefined
    await fixture.clock.advance(2_000)
    expect(readers.slice(0, 2).map(({ changes }) => changes)).toEqual([['a@3'], ['b@2', 'a@3']])
    expect(readers[2]?.types).toEqual(['everything'])
    for (const { changes } of readers.slice(3)) expect(changes).toEqual(['b@2', 'a@3'])
    await fixture.changeElsewhere('b')
    for (const { changes } of [first, ...readers]) expect(changes.at(-1)).toBe('b@4')
    meanwhile = down
    await fixture.openStream('0')
    expect(fixture.reportedErrors).toHaveLength(2)
  })

  test('from the position of clients, they have to fetch everything after two tries, and nobody after them waits', async () => {
    await fixture.changeElsewhere('a', 'b', 'a')
    await fixture.openStream()
    meanwhile = async () => (pages.at(-1)?.limit === 500 ? await down() : undefined)
    pages.length = 0
    const readers = [await fixture.openStream('1'), await fixture.openStream('2'), await fixture.openStream('3')]
    expect(readers.map(({ events }) => events.length)).toEqual([0, 0, 0])
    await fixture.clock.advance(2_000)
    expect(readers.map(({ types }) => types)).toEqual(Array(3).fill(['everything']))
    expect(pages.filter(({ limit }) => limit === 500)).toHaveLength(2)
    meanwhile = async () => undefined
    await fixture.clock.advance(2_000)
    expect((await fixture.openStream('3')).changes).toEqual(['b@4', 'a@5'])
    meanwhile = async () => (pages.at(-1)?.limit === 500 ? await down() : undefined)
    expect((await fixture.openStream('2')).events).toEqual([])
    await fixture.changeElsewhere('b')
    for (const { changes } of readers) expect(changes).toEqual([])
    await fixture.clock.advance(2_000)
    for (const { changes } of readers) expect(changes).toEqual(['b@6'])
  })

  test('new changes cause no further reads, and delay nobody once it can be read', async () => {
    await fixture.changeElsewhere('a')
    const first = await fixture.openStream()
    meanwhile = down
    const back = await fixture.openStream('1')
    pages.length = 0
    for (let change = 0; change < 20; change++) await fixture.changeElsewhere('b')
    expect(pages).toEqual([])
    let rounds = 0
    let toldBy = 0
    meanwhile = async () => undefined
    afterwards = async () => {
      if (toldBy === 0 && back.changes.length > 0) toldBy = rounds
      if (++rounds < 20) await fixture.changeElsewhere('a')
    }
    await fixture.clock.advance(2_000)
    await settle(1_000)
    expect([toldBy, rounds]).toEqual([3, 20])
    expect(back.changes.slice(-20)).toEqual(first.changes.slice(-20))
  })

  test('a change that comes just when it can be read again is sent at once', async () => {
    const reader = await fixture.openStream()
    meanwhile = down
    await fixture.changeElsewhere('a')
    meanwhile = async () => undefined
    afterwards = async () => {
      afterwards = async () => undefined
      await fixture.changeElsewhere('b')
    }
    await fixture.clock.advance(2_000)
    await settle(100)
    expect(reader.changes).toEqual(['a@3', 'b@4'])
  })

  test('first clients cause no reads either, and all have to fetch everything as soon as it can be read', async () => {
    meanwhile = down
    const readers = [await fixture.openStream(), await fixture.openStream(), await fixture.openStream('1')]
    expect([pages.length, readers.map(({ events }) => events.length)]).toEqual([1, [0, 0, 0]])
    meanwhile = async () => undefined
    await fixture.clock.advance(2_000)
    expect(readers.map(({ types, changes }) => [types[0], changes])).toEqual([
      ['everything', []],
      ['everything', []],
      ['refetchEvaluation', ['b@2']],
    ])
  })

  test('the failure is forgotten with the last client: the next one causes a new read', async () => {
    meanwhile = down
    await (await fixture.openStream()).cancel()
    meanwhile = async () => undefined
    const first = await fixture.openStream()
    expect(first.types).toEqual(['connected'])
    const held = gate()
    meanwhile = () => held.opened.then(down)
    const back = await fixture.openStream('1')
    for (const reader of [first, back]) await reader.cancel()
    held.open()
    await settle()
    meanwhile = async () => undefined
    expect((await fixture.openStream()).types).toEqual(['connected'])
  })

  test('clients that listen already miss nothing', async () => {
    const reader = await fixture.openStream()
    meanwhile = down
    await fixture.changeElsewhere('a', 'b')
    await fixture.clock.advance(7_000)
    expect(reader.changes).toEqual([])
    meanwhile = async () => undefined
    await fixture.clock.advance(2_000)
    expect(reader.changes).toEqual(['a@3', 'b@4'])
    expect(fixture.reportedErrors).toHaveLength(1)
  })

  test('a stream still opens, after at most 2 s with a store that hangs, and continues when the store answers', async () => {
    const held = gate()
    const store = around(fixture.store, {
      changes: async (next, ...args) => {
        await held.opened
        return await next(...args)
      },
    })
    const other = new EventsFixture({ store, clock: fixture.clock }, { clock: fixture.clock })
    await other.flags.ready()
    let response: Response | undefined
    void other.eventsHandler(request('/events')).then((opened) => {
      response = opened
    })
    await fixture.clock.advance(2_000)
    expect(response?.status).toBe(200)
    const reader = new EventReader(response as Response)
    held.open()
    await fixture.clock.advance(2_000)
    expect(reader.types).toEqual(['everything'])
    other.eventsHandler.close()
    await fixture.clock.until(other.flags.close())
  })
})
