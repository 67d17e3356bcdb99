import { type ChangesPage, type FlagStore, FlagsError, memoryStore } from '@flagstone/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { around, gate, unwatched } from '../../../core/test/world.ts'
import { request } from '../handler-fixture.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

let site: EventsFixture
/** How the log was read. */
let pages: ChangesPage[]
/** What happens before each read of it, and between a read and its answer. */
let meanwhile: () => Promise<void>
let afterwards: () => Promise<void>
beforeEach(async () => {
  pages = []
  meanwhile = async () => undefined
  afterwards = async () => undefined
  site = new EventsFixture({}, { heartbeatMs: 600_000 })
  const { admin } = site.flags
  const { changes } = admin
  admin.changes = async (page = {}) => {
    pages.push(page)
    await meanwhile()
    const answer = await changes.call(admin, page)
    await afterwards()
    return answer
  }
  for (const name of ['a', 'b']) await site.store.create({ name })
})
afterEach(() => site.close())

const down = (): Promise<void> => Promise.reject(new FlagsError('STORE_UNAVAILABLE', 'refused'))

describe('the log', () => {
  test('is read without the records, which may be large', async () => {
    await site.changeElsewhere('a')
    await site.openStream('1')
    await site.changeElsewhere('b')
    expect(pages.map(({ records }) => records)).toEqual([false, false, false])
  })

  test('is read by one at a time, and by nobody who finds what another has read', async () => {
    await site.changeElsewhere('a', 'b', 'a')
    await site.openStream()
    const held = gate()
    meanwhile = () => held.opened
    pages.length = 0
    const readers = await Promise.all(['2', '3', '4', '1'].map((place) => site.openStream(place)))
    expect(pages).toEqual([{ after: { version: 2 }, limit: 500, records: false }])
    held.open()
    await settle()
    expect(pages.map(({ after }) => after?.version)).toEqual([2, 1])
    expect(readers.map(({ changes }) => changes.length)).toEqual([3, 2, 1, 4])
  })

  test('is not read for who has left', async () => {
    await site.changeElsewhere('a', 'b', 'a')
    await site.openStream()
    const held = gate()
    meanwhile = () => held.opened
    pages.length = 0
    for (let client = 0; client < 20; client++) await (await site.openStream(String(100 + client))).cancel()
    const back = await site.openStream('3')
    held.open()
    await settle()
    expect([pages.map(({ after }) => after?.version), back.changes]).toEqual([
      [100, 3],
      ['b@4', 'a@5'],
    ])
  })

  test('is read for who came first and reads late, though nobody else listened meanwhile', async () => {
    const first = await site.openStream()
    await site.changeElsewhere('a')
    const unread = await site.clock.until(site.eventsHandler(request('/events')))
    await first.cancel()
    await site.changeElsewhere('b')
    await site.openStream()
    const late = new EventReader(unread)
    await settle()
    expect([late.types, (await site.openStream('2')).changes]).toEqual([
      ['connected', 'refetchEvaluation'],
      ['a@3', 'b@4'],
    ])
    expect(site.reportedErrors).toEqual([])
  })

  test('is not read for who comes from further back than anybody is told one by one', async () => {
    for (let change = 0; change < 501; change++) await site.store.update('a', { description: String(change) })
    const first = await site.openStream()
    pages.length = 0
    expect((await site.openStream('2')).types).toEqual(['everything'])
    expect((await site.openStream('0.')).types).toEqual(['everything'])
    expect(pages).toEqual([])
    expect((await site.openStream('3')).changes).toHaveLength(500)
    await site.changeElsewhere('b')
    expect(first.changes).toEqual(['b@504'])
  })
})

describe('a client of another history is told to ask for everything', () => {
  test.each([
    ['before', '3'],
    ['right after', '2'],
    ['at', '1'],
  ])('also %s where another came back with a version alone', async (_, other) => {
    await site.changeElsewhere('a', 'b')
    await site.openStream()
    expect((await site.openStream(other)).types).not.toContain('everything')
    expect((await site.openStream('2.of-another-history')).types).toEqual(['everything'])
    const log = await site.flags.admin.changes()
    const changes = log.kind === 'changes' ? log.changes : []
    expect(changes).toHaveLength(4)
    for (const { version, id } of changes) {
      expect((await site.openStream(`${version}.${id}`)).changes).toHaveLength(4 - version)
      expect((await site.openStream(`${version}.of-another-history`)).types).toEqual(['everything'])
    }
    pages.length = 0
    for (const { version, id } of changes)
      await Promise.all([site.openStream(`${version}.${id}`), site.openStream(`${version}.x`), site.openStream(`${version}`)])
    expect(pages).toEqual([])
  })

  test('each time that the store goes back, also to the same version', async () => {
    const { clock } = site
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
  test('nobody who comes back asks for it, the host is told once, and all hear what they missed as soon as it can', async () => {
    await site.changeElsewhere('a')
    const first = await site.openStream()
    meanwhile = down
    pages.length = 0
    const readers = await Promise.all(['2', '1', '2.of-another-history'].map((place) => site.openStream(place)))
    for (let client = 0; client < 20; client++) readers.push(await site.openStream('1'))
    expect(pages).toHaveLength(1)
    await site.clock.advance(10_000)
    expect(pages).toHaveLength(6)
    expect([first, ...readers].map(({ types }) => types.length)).toEqual([1, ...readers.map(() => 0)])
    expect(site.reportedErrors.map(({ code }) => code)).toEqual(['STORE_UNAVAILABLE'])
    meanwhile = async () => undefined
    await site.clock.advance(2_000)
    expect(readers.slice(0, 2).map(({ changes }) => changes)).toEqual([['a@3'], ['b@2', 'a@3']])
    expect(readers[2]?.types).toEqual(['everything'])
    for (const { changes } of readers.slice(3)) expect(changes).toEqual(['b@2', 'a@3'])
    await site.changeElsewhere('b')
    for (const { changes } of [first, ...readers]) expect(changes.at(-1)).toBe('b@4')
    meanwhile = down
    await site.openStream('0')
    expect(site.reportedErrors).toHaveLength(2)
  })

  test('only as far back as clients come from, they have to ask for everything after two tries, and nobody after them waits', async () => {
    await site.changeElsewhere('a', 'b', 'a')
    await site.openStream()
    meanwhile = async () => (pages.at(-1)?.limit === 500 ? await down() : undefined)
    pages.length = 0
    const readers = [await site.openStream('1'), await site.openStream('2'), await site.openStream('3')]
    expect(readers.map(({ events }) => events.length)).toEqual([0, 0, 0])
    await site.clock.advance(2_000)
    expect(readers.map(({ types }) => types)).toEqual(Array(3).fill(['everything']))
    expect(pages.filter(({ limit }) => limit === 500)).toHaveLength(2)
    meanwhile = async () => undefined
    await site.clock.advance(2_000)
    expect((await site.openStream('3')).changes).toEqual(['b@4', 'a@5'])
    meanwhile = async () => (pages.at(-1)?.limit === 500 ? await down() : undefined)
    expect((await site.openStream('2')).events).toEqual([])
    await site.changeElsewhere('b')
    for (const { changes } of readers) expect(changes).toEqual([])
    await site.clock.advance(2_000)
    for (const { changes } of readers) expect(changes).toEqual(['b@6'])
  })

  test('changes that are heard of ask for it no more often, and keep nobody waiting when it can be read', async () => {
    await site.changeElsewhere('a')
    const first = await site.openStream()
    meanwhile = down
    const back = await site.openStream('1')
    pages.length = 0
    for (let change = 0; change < 20; change++) await site.changeElsewhere('b')
    expect(pages).toEqual([])
    let rounds = 0
    let toldBy = 0
    meanwhile = async () => undefined
    afterwards = async () => {
      if (toldBy === 0 && back.changes.length > 0) toldBy = rounds
      if (++rounds < 20) await site.changeElsewhere('a')
    }
    await site.clock.advance(2_000)
    await settle(1_000)
    expect([toldBy, rounds]).toEqual([3, 20])
    expect(back.changes.slice(-20)).toEqual(first.changes.slice(-20))
  })

  test('a change that comes just when it can be read again is told at once', async () => {
    const reader = await site.openStream()
    meanwhile = down
    await site.changeElsewhere('a')
    meanwhile = async () => undefined
    afterwards = async () => {
      afterwards = async () => undefined
      await site.changeElsewhere('b')
    }
    await site.clock.advance(2_000)
    await settle(100)
    expect(reader.changes).toEqual(['a@3', 'b@4'])
  })

  test('nobody who comes first asks for it either, and all are told to ask for everything as soon as it can', async () => {
    meanwhile = down
    const readers = [await site.openStream(), await site.openStream(), await site.openStream('1')]
    expect([pages.length, readers.map(({ events }) => events.length)]).toEqual([1, [0, 0, 0]])
    meanwhile = async () => undefined
    await site.clock.advance(2_000)
    expect(readers.map(({ types, changes }) => [types[0], changes])).toEqual([
      ['everything', []],
      ['everything', []],
      ['refetchEvaluation', ['b@2']],
    ])
  })

  test('who goes leaves nothing of it behind: whoever comes next finds out anew', async () => {
    meanwhile = down
    await (await site.openStream()).cancel()
    meanwhile = async () => undefined
    const first = await site.openStream()
    expect(first.types).toEqual(['connected'])
    const held = gate()
    meanwhile = () => held.opened.then(down)
    const back = await site.openStream('1')
    for (const reader of [first, back]) await reader.cancel()
    held.open()
    await settle()
    meanwhile = async () => undefined
    expect((await site.openStream()).types).toEqual(['connected'])
  })

  test('who listens already misses nothing', async () => {
    const reader = await site.openStream()
    meanwhile = down
    await site.changeElsewhere('a', 'b')
    await site.clock.advance(7_000)
    expect(reader.changes).toEqual([])
    meanwhile = async () => undefined
    await site.clock.advance(2_000)
    expect(reader.changes).toEqual(['a@3', 'b@4'])
    expect(site.reportedErrors).toHaveLength(1)
  })

  test('a stream opens all the same, within 2 s of a store that hangs, and goes on when it answers', async () => {
    const held = gate()
    const store = around(site.store, {
      changes: async (next, ...args) => {
        await held.opened
        return await next(...args)
      },
    })
    const other = new EventsFixture({ store, clock: site.clock }, { clock: site.clock })
    await other.flags.ready()
    let response: Response | undefined
    void other.eventsHandler(request('/events')).then((opened) => {
      response = opened
    })
    await site.clock.advance(2_000)
    expect(response?.status).toBe(200)
    const reader = new EventReader(response as Response)
    held.open()
    await site.clock.advance(2_000)
    expect(reader.types).toEqual(['everything'])
    other.eventsHandler.close()
    await site.clock.until(other.flags.close())
  })
})
