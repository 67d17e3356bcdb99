import { type Change, type Flags, FlagsError, type FlagsEvents, type LoggedChanges } from '@flagstone/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { gate } from '../../../core/test/world.ts'
import { flagsHandler, type Handler } from '../../src/index.ts'
import { HandlerFixture, request } from '../handler-fixture.ts'
import { EventReader } from './event-reader.ts'

let site: HandlerFixture
let handler: Handler
let reader: EventReader
/** The log, which this process hears of when `tell` says so, and in no other way. */
let log: Change[]
let tell: (event: FlagsEvents['change']) => void
/** The store went back. */
let rewind: () => void

beforeEach(async () => {
  site = new HandlerFixture()
  log = []
  const { flags } = site
  const listeners: Record<string, (event: never) => void> = {}
  flags.on = (event, listener) => {
    listeners[event] = listener as never
    return () => undefined
  }
  flags.admin.changes = async ({ after, limit } = {}): Promise<LoggedChanges> => {
    const from = { id: '', version: 0, ...after }
    const changes = log.filter(({ version }) => version > from.version).slice(0, limit)
    return { kind: 'changes', changes, next: changes.at(-1) ?? from, head: log.at(-1) ?? from }
  }
  handler = flagsHandler({ flags: flags as Flags, clock: site.clock, public: 'evaluate' })
  tell = (event) => listeners['change']?.(event as never)
  rewind = () => listeners['error']?.({ code: 'STORE_REWOUND' } as never)
  reader = new EventReader(await site.clock.until(handler(request('/events'))))
  await settle()
})
afterEach(async () => {
  handler.close()
  await site.close()
})

function logged(flag: string, version: number): void {
  log.push({ version, id: `id-${version}`, flag, operation: 'update', before: null, after: null, at: '' })
}

test('no news is missed, at whatever moment it comes', async () => {
  const expected: string[] = []
  const change = (): void => {
    const version = expected.length + 1
    logged('a', version)
    expected.push(`a@${version}`)
    tell({ name: 'a', version })
  }
  for (let turns = 0; turns < 60; turns++) {
    change()
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    change()
    await settle()
    expect(reader.changes).toEqual(expected)
  }
})

test('a change that this process never told of is told soon after it has caught up with it', async () => {
  let clock = 0
  const { stats } = site.flags
  site.flags.stats = () => ({ ...stats.call(site.flags), clock })
  logged('a', 1)
  logged('b', 2)
  tell({ name: 'b', version: 2 })
  await site.clock.advance(600)
  expect(reader.changes).toEqual([])
  clock = 1
  await site.clock.advance(600)
  expect(reader.changes).toEqual(['a@1', 'b@2'])
})

test('a burst that was held back reaches whoever reads, all of it', async () => {
  let clock = 0
  const { stats } = site.flags
  site.flags.stats = () => ({ ...stats.call(site.flags), clock })
  const back = new EventReader(await site.clock.until(handler(request('/events', { headers: { 'Last-Event-ID': '0' } }))))
  for (let version = 1; version <= 2_000; version++) logged('a', version)
  tell({ name: 'b', version: 2_000 })
  await settle()
  clock = 1_200
  await site.clock.advance(600)
  const told = (count: number): string[] => Array.from({ length: count }, (_, index) => `a@${index + 1}`)
  for (const { changes: each } of [reader, back]) expect(each).toEqual(told(1_200))
  clock = 2_000
  await site.clock.advance(600)
  for (const { changes: each, endedWith } of [reader, back]) expect([each, endedWith]).toEqual([told(2_000), undefined])
})

test('who has been told more elsewhere waits for this process, however full it is and whatever fails, and is told the rest', async () => {
  let clock = 0
  const { stats } = site.flags
  site.flags.stats = () => ({ ...stats.call(site.flags), clock })
  for (let version = 1; version <= 400; version++) logged('a', version)
  tell({ name: 'b', version: 400 })
  await settle()
  let tries = 0
  const { changes } = site.flags.admin
  site.flags.admin.changes = (page) =>
    page?.limit === 500 && ++tries < 4 ? Promise.reject(new FlagsError('STORE_TIMEOUT', 'late')) : changes(page)
  const headers = { 'Last-Event-ID': '200.id-200' }
  const ahead = new EventReader(await site.clock.until(handler(request('/events', { headers }))))
  for (const expected of [1, 2, 3, 4]) {
    await settle()
    expect([tries, ahead.events]).toEqual([expected, []])
    await site.clock.advance(2_000)
  }
  clock = 400
  await site.clock.advance(600)
  expect([ahead.changes[0], ahead.changes.length, reader.changes.length]).toEqual(['a@201', 200, 400])
})

test('a page of the log that ends before what was told begins is taken for a gap', async () => {
  const { stats } = site.flags
  site.flags.stats = () => ({ ...stats.call(site.flags), clock: 4 })
  for (let version = 1; version <= 4; version++) logged('a', version)
  handler.close()
  handler = flagsHandler({ flags: site.flags as Flags, clock: site.clock, public: 'evaluate' })
  reader = new EventReader(await site.clock.until(handler(request('/events'))))
  const { changes } = site.flags.admin
  site.flags.admin.changes = (page) => changes({ ...page, limit: 1 })
  const back = new EventReader(await site.clock.until(handler(request('/events', { headers: { 'Last-Event-ID': '1' } }))))
  await settle()
  expect([reader.types, back.types]).toEqual([['connected'], ['everything']])
})

test('what was read of a history that is gone by then is not told', async () => {
  const held = gate()
  const { changes } = site.flags.admin
  site.flags.admin.changes = async (page) => {
    const answer = await changes(page)
    await held.opened
    return answer
  }
  logged('a', 1)
  tell({ name: 'a', version: 1 })
  await settle()
  log = []
  rewind()
  held.open()
  await settle()
  logged('b', 1)
  tell({ name: 'b', version: 1 })
  await settle()
  expect([reader.types, reader.changes]).toEqual([['connected', 'everything', 'refetchEvaluation'], ['b@1']])
})

test('a version that never was lets no later change out before it can be seen', async () => {
  tell({ name: 'a', version: 1_000_000 })
  await settle()
  logged('a', 50)
  tell({ name: 'b', version: 51 })
  await settle()
  expect(reader.changes).toEqual([])
  tell({ name: 'a', version: 50 })
  await settle()
  expect(reader.changes).toEqual(['a@50'])
})

test('a change that is told while the log is read is not taken for one that never was', async () => {
  const { changes } = site.flags.admin
  site.flags.admin.changes = async (page) => {
    const answer = await changes(page)
    await settle(2)
    return answer
  }
  logged('a', 1)
  tell({ name: 'a', version: 1 })
  logged('b', 2)
  await Promise.resolve()
  await Promise.resolve()
  await Promise.resolve()
  logged('c', 3)
  tell({ name: 'c', version: 3 })
  tell({ name: 'b', version: 2 })
  await settle(40)
  expect(reader.changes).toEqual(['a@1', 'b@2', 'c@3'])
})
