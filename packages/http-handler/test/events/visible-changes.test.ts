import { createFlags, type FlagStore, memoryStore } from '@flagstone/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around, Fleet, gate, unwatched } from '../../../core/test/client-fleet.ts'
import { ManualClock, settle } from '../../../core/test/manual-clock.ts'
import { flagsHandler } from '../../src/index.ts'
import { request } from '../http-requests.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

describe('a change is sent only when a new request would see it', () => {
  test('and one that is not visible yet holds back the ones after it', async () => {
    const inner = memoryStore({ flags: [{ name: 'a', rollout: 0 }, { name: 'b' }] })
    const held = gate()
    let isHeld = false
    // The process hears that `a` changed, but its read of the change is held.
    const store = around(inner, {
      changesSince: async (next, ...args) => {
        if (isHeld) await held.opened
        return await next(...args)
      },
    })
    const fixture = new EventsFixture({ store })
    const reader = await fixture.openStream()
    isHeld = true
    await inner.update('a', { rollout: 100 })
    await settle()
    await fixture.flags.admin.update('b', { rollout: 1 })
    await fixture.clock.advance(600)
    expect(reader.changes).toEqual([])
    held.open()
    await settle()
    await fixture.clock.advance(600)
    expect(reader.changes).toEqual(['a@3', 'b@4'])
    await fixture.close()
  })

  test('a request after the event is answered by the change', async () => {
    const fixture = new EventsFixture()
    await fixture.store.create({ name: 'a', rollout: 0 })
    await fixture.flags.isEnabled('a', 'ada')
    const reader = await fixture.openStream()
    for (let version = 2; version < 12; version++) {
      await fixture.store.update('a', { rollout: version % 2 ? 0 : 100 })
      while (reader.changes.length < version - 1) await new Promise((resolve) => setImmediate(resolve))
      const response = await fixture.eventsHandler(request('/flags/a?user_id=ada'))
      expect(await response.json()).toMatchObject({ enabled: version % 2 === 0, version })
    }
    await fixture.close()
  })

  test('at the latest when this process has caught up, even if no channel reported it', async () => {
    const store = unwatched(memoryStore({ flags: [{ name: 'a' }] }))
    const fixture = new EventsFixture({ store: store as FlagStore })
    const reader = await fixture.openStream()
    await store.update('a', { rollout: 1 })
    await settle()
    expect(reader.changes).toEqual([])
    await fixture.clock.advance(10_500)
    expect(reader.changes).toEqual(['a@2'])
    await fixture.close()
  })

  test('even if more flags change at once than a process remembers by name', async () => {
    const fixture = new EventsFixture()
    const reader = await fixture.openStream()
    const expected = Array.from({ length: 10_050 }, (_, index) => `flag-${index}@${index + 1}`)
    for (const change of expected) await fixture.store.create({ name: change.split('@')[0] as string })
    await fixture.clock.advance(1_000)
    expect(reader.changes).toEqual(expected)
    await fixture.close()
  })
})

describe('in a fleet', () => {
  test('a process that hears by the cache alone sends the changes of others, in log order', async () => {
    const fleet = new Fleet()
    for (const name of ['a', 'b', 'c']) await fleet.store.create({ name, rollout: 0 })
    const flags = fleet.client({ store: unwatched(fleet.store) })
    const handler = flagsHandler({ flags, clock: fleet.clock, public: 'evaluate' })
    const others = [fleet.client(), fleet.client()]
    const reader = new EventReader(await fleet.clock.until(handler(request('/events'))))
    await Promise.all(others.map((other) => fleet.clock.until(other.ready())))
    const expected: string[] = []
    for (let round = 1; round <= 10; round++) {
      const names = ['a', 'b', 'c'].slice(0, 1 + (round % 3))
      const written = await Promise.all(names.map((name, index) => others[index % 2]?.admin.update(name, { rollout: round * 10 })))
      expected.push(...written.map((change) => `${change?.flag.name}@${change?.version}`))
      await settle()
      expect(reader.changes).toEqual(expected)
      for (const name of names) expect(await flags.evaluate(name, 'ada')).toMatchObject({ rollout: round * 10 })
    }
    handler.close()
    await fleet.end()
  })
})

describe('a change that was emitted before anybody listened', () => {
  test('is sent to a client that reconnects without a read of the store', async () => {
    const fleet = new Fleet()
    await fleet.store.create({ name: 'a' })
    // It hears by the cache: its clock does not move until it reads the store.
    const flags = fleet.client({ store: unwatched(fleet.store) })
    const handler = flagsHandler({ flags, clock: fleet.clock, public: 'evaluate' })
    const other = fleet.client()
    await fleet.clock.until(Promise.all([flags.ready(), other.ready()]))
    for (const rollout of [1, 2]) await other.admin.update('a', { rollout })
    await settle()
    expect(flags.stats().clock).toBe(1)
    const reader = new EventReader(await handler(request('/events', { headers: { 'Last-Event-ID': '1' } })))
    await settle()
    expect(reader.changes).toEqual(['a@2', 'a@3'])
    handler.close()
    await fleet.end()
  })
})

describe('a log that does not continue from what was sent', () => {
  let clock: ManualClock
  let state: { now: FlagStore }
  let store: FlagStore
  beforeEach(() => {
    clock = new ManualClock()
    state = { now: memoryStore({ clock, flags: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }) }
    store = new Proxy(state.now, {
      get: (_, key) => {
        const value = Reflect.get(state.now, key) as unknown
        return typeof value === 'function' ? (value.bind(state.now) as unknown) : value
      },
    })
  })

  let close: () => Promise<void>
  afterEach(() => close())

  async function listen(): Promise<EventReader> {
    const flags = createFlags({ store: unwatched(store), clock })
    const handler = flagsHandler({ flags, clock, public: 'evaluate' })
    close = async () => {
      handler.close()
      await clock.until(flags.close())
    }
    const reader = new EventReader(await clock.until(handler(request('/events'))))
    await settle()
    return reader
  }

  test.each([
    ['to a lower version', [{ name: 'a' }]],
    ['to the same version', [{ name: 'x' }, { name: 'y' }, { name: 'z' }]],
    ['and has got further since', [{ name: 'x' }, { name: 'y' }, { name: 'z' }, { name: 'u' }, { name: 'v' }]],
  ])('because the store went back %s makes every client fetch everything, once', async (_, flags) => {
    const reader = await listen()
    expect(reader.types).toEqual(['connected'])
    state.now = memoryStore({ clock, flags })
    await clock.advance(20_000)
    expect(reader.types).toEqual(['connected', 'everything'])
    expect(reader.events[1]?.data.version).toBe(flags.length)
    await state.now.create({ name: 'new' })
    await clock.advance(2_500)
    expect(reader.changes).toEqual([`new@${flags.length + 1}`])
  })

  test('because the store went back twice in a row makes every client fetch everything twice', async () => {
    const reader = await listen()
    state.now = memoryStore({ clock, flags: [{ name: 'a' }, { name: 'b' }] })
    await clock.advance(2_500)
    state.now = memoryStore({ clock, flags: [{ name: 'a' }] })
    await clock.advance(20_000)
    expect(reader.events.map(({ data }) => data.version)).toEqual([3, 2, 1])
    expect(reader.types).toEqual(['connected', 'everything', 'everything'])
  })

  test('because it was pruned past the position of this process makes every client fetch everything', async () => {
    const reader = await listen()
    await state.now.update('a', { rollout: 1 })
    await state.now.update('b', { rollout: 1 })
    await state.now.prune(0)
    await clock.advance(20_000)
    expect(reader.types).toEqual(['connected', 'everything'])
    expect(reader.events[1]?.data.version).toBe(5)
    await state.now.update('c', { rollout: 1 })
    await clock.advance(2_500)
    expect(reader.changes).toEqual(['c@6'])
  })
})
