import { type Change, type Flags, FlagsError, type FlagsEvents, type LoggedChanges } from '@flagstone/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gate } from '../../../core/test/client-fleet.ts'
import { settle } from '../../../core/test/manual-clock.ts'
import { flagsHandler, type Handler } from '../../src/index.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { request } from '../http-requests.ts'
import { EventReader } from './event-reader.ts'

let fixture: HandlerFixture
let handler: Handler
let reader: EventReader
/** The change log. This process hears of it only through `emitChange`. */
let log: Change[]
let emitChange: (event: FlagsEvents['change']) => void
/** Reports that the store went back. */
let emitRewind: () => void

beforeEach(async () => {
  fixture = new HandlerFixture()
  log = []
  const { flags } = fixture
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
  handler = flagsHandler({ flags: flags as Flags, clock: fixture.clock, public: 'evaluate' })
  emitChange = (event) => listeners['change']?.(event as never)
  emitRewind = () => listeners['error']?.({ code: 'STORE_REWOUND' } as never)
  reader = new EventReader(await fixture.clock.until(handler(request('/events'))))
  await settle()
})
afterEach(async () => {
  handler.close()
  await fixture.close()
})

function logged(flag: string, version: number): void {
  log.push({ version, id: `id-${version}`, flag, operation: 'update', before: null, after: null, at: '' })
}

test('no change is missed, at whatever moment it comes', async () => {
  const expected: string[] = []
  const change = (): void => {
    const version = expected.length + 1
    logged('a', version)
    expected.push(`a@${version}`)
    emitChange({ name: 'a', version })
  }
  for (let turns = 0; turns < 60; turns++) {
    change()
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    change()
    await settle()
    expect(reader.changes).toEqual(expected)
  }
})

test('a change that this process did not emit is sent soon after its clock has reached it', async () => {
  let clock = 0
  const { stats } = fixture.flags
  fixture.flags.stats = () => ({ ...stats.call(fixture.flags), clock })
  logged('a', 1)
  logged('b', 2)
  emitChange({ name: 'b', version: 2 })
  await fixture.clock.advance(600)
  expect(reader.changes).toEqual([])
  clock = 1
  await fixture.clock.advance(600)
  expect(reader.changes).toEqual(['a@1', 'b@2'])
})

test('a burst that was held back reaches all readers completely', async () => {
  let clock = 0
  const { stats } = fixture.flags
  fixture.flags.stats = () => ({ ...stats.call(fixture.flags), clock })
  const back = new EventReader(await fixture.clock.until(handler(request('/events', { headers: { 'Last-Event-ID': '0' } }))))
  for (let version = 1; version <= 2_000; version++) logged('a', version)
  emitChange({ name: 'b', version: 2_000 })
  await settle()
  clock = 1_200
  await fixture.clock.advance(600)
  const told = (count: number): string[] => Array.from({ length: count }, (_, index) => `a@${index + 1}`)
  for (const { changes: each } of [reader, back]) expect(each).toEqual(told(1_200))
  clock = 2_000
  await fixture.clock.advance(600)
  for (const { changes: each, endedWith } of [reader, back]) expect([each, endedWith]).toEqual([told(2_000), undefined])
})

test('a client that is ahead of this process waits for it, with a full queue and failing reads too, and gets the rest', async () => {
  let clock = 0
  const { stats } = fixture.flags
  fixture.flags.stats = () => ({ ...stats.call(fixture.flags), clock })
  for (let version = 1; version <= 400; version++) logged('a', version)
  emitChange({ name: 'b', version: 400 })
  await settle()
  let tries = 0
  const { changes } = fixture.flags.admin
  fixture.flags.admin.changes = (page) =>
    page?.limit === 500 && ++tries < 4 ? Promise.reject(new FlagsError('STORE_TIMEOUT', 'late')) : changes(page)
  const headers = { 'Last-Event-ID': '200.id-200' }
  const ahead = new EventReader(await fixture.clock.until(handler(request('/events', { headers }))))
  for (const expected of [1, 2, 3, 4]) {
    await settle()
    expect([tries, ahead.events]).toEqual([expected, []])
    await fixture.clock.advance(2_000)
  }
  clock = 400
  await fixture.clock.advance(600)
  expect([ahead.changes[0], ahead.changes.length, reader.changes.length]).toEqual(['a@201', 200, 400])
})

test('a log page that ends before the sent changes begin counts as a gap', async () => {
  const { stats } = fixture.flags
  fixture.flags.stats = () => ({ ...stats.call(fixture.flags), clock: 4 })
  for (let version = 1; version <= 4; version++) logged('a', version)
  handler.close()
  handler = flagsHandler({ flags: fixture.flags as Flags, clock: fixture.clock, public: 'evaluate' })
  reader = new EventReader(await fixture.clock.until(handler(request('/events'))))
  const { changes } = fixture.flags.admin
  fixture.flags.admin.changes = (page) => changes({ ...page, limit: 1 })
  const back = new EventReader(await fixture.clock.until(handler(request('/events', { headers: { 'Last-Event-ID': '1' } }))))
  await settle()
  expect([reader.types, back.types]).toEqual([['connected'], ['everything']])
})

test('changes read from a history that is gone by then are not sent', async () => {
  const held = gate()
  const { changes } = fixture.flags.admin
  fixture.flags.admin.changes = async (page) => {
    const answer = await changes(page)
    await held.opened
    return answer
  }
  logged('a', 1)
  emitChange({ name: 'a', version: 1 })
  await settle()
  log = []
  emitRewind()
  held.open()
  await settle()
  logged('b', 1)
  emitChange({ name: 'b', version: 1 })
  await settle()
  expect([reader.types, reader.changes]).toEqual([['connected', 'everything', 'refetchEvaluation'], ['b@1']])
})

test('a version that never existed releases no later change before it is visible', async () => {
  emitChange({ name: 'a', version: 1_000_000 })
  await settle()
  logged('a', 50)
  emitChange({ name: 'b', version: 51 })
  await settle()
  expect(reader.changes).toEqual([])
  emitChange({ name: 'a', version: 50 })
  await settle()
  expect(reader.changes).toEqual(['a@50'])
})

test('a change that is emitted during a read of the log does not count as one that never existed', async () => {
  const { changes } = fixture.flags.admin
  fixture.flags.admin.changes = async (page) => {
    const answer = await changes(page)
    await settle(2)
    return answer
  }
  logged('a', 1)
  emitChange({ name: 'a', version: 1 })
  logged('b', 2)
  await Promise.resolve()
  await Promise.resolve()
  await Promise.resolve()
  logged('c', 3)
  emitChange({ name: 'c', version: 3 })
  emitChange({ name: 'b', version: 2 })
  await settle(40)
  expect(reader.changes).toEqual(['a@1', 'b@2', 'c@3'])
})
