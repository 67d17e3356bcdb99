import { memoryStore } from '@flagstone/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around, gate } from '../../../core/test/client-fleet.ts'
import { settle } from '../../../core/test/manual-clock.ts'
import { EventsFixture } from './events-fixture.ts'

let fixture: EventsFixture
beforeEach(async () => {
  fixture = new EventsFixture()
  for (const name of ['a', 'b']) await fixture.store.create({ name })
})
afterEach(() => fixture.close())

/** The last event id of a client that connected and left. */
async function disconnectedId(): Promise<string> {
  const reader = await fixture.openStream()
  await reader.cancel()
  return reader.lastEventId
}

describe('a client that reconnects', () => {
  test('gets what it has missed, and then new changes, each once and in order', async () => {
    const id = await disconnectedId()
    await fixture.changeElsewhere('a', 'b')
    const reader = await fixture.openStream(id)
    await fixture.changeElsewhere('a')
    expect(reader.changes).toEqual(['a@3', 'b@4', 'a@5'])
    expect(reader.types).not.toContain('everything')
    await reader.cancel()
    await fixture.changeElsewhere('b')
    const again = await fixture.openStream(reader.lastEventId)
    expect(again.changes).toEqual(['b@6'])
  })

  test('gets nothing if nothing has changed', async () => {
    const reader = await fixture.openStream(await disconnectedId())
    expect(reader.events).toEqual([])
  })

  test('gets no change twice that happens while the log is read for it', async () => {
    const id = await disconnectedId()
    await fixture.changeElsewhere('a', 'b')
    const other = await fixture.openStream()
    const { opened, open } = gate()
    const { admin } = fixture.flags
    const { changes } = admin
    admin.changes = async (page) => {
      const answer = await changes.call(admin, page)
      if (page?.limit === 500) await opened
      return answer
    }
    const reader = await fixture.openStream(id)
    await fixture.changeElsewhere('a')
    expect([other.changes, reader.changes]).toEqual([['a@5'], []])
    open()
    await fixture.changeElsewhere('b')
    expect(reader.changes).toEqual(['a@3', 'b@4', 'a@5', 'b@6'])
  })

  test('misses nothing and gets nothing twice, wherever it is cut off', async () => {
    const all = await fixture.openStream()
    const told: string[] = []
    let reader = await fixture.openStream()
    let id = reader.lastEventId
    for (let round = 0; round < 20; round++) {
      for (let change = 0; change <= round % 3; change++) await fixture.changeElsewhere(change % 2 ? 'a' : 'b')
      told.push(...reader.changes)
      id = reader.lastEventId || id
      await reader.cancel()
      if (round % 4 === 0) await fixture.changeElsewhere('a')
      // Not settled: it reconnects while a change is on its way.
      if (round % 5 === 0) await fixture.store.update('b', { rollout: round })
      reader = await fixture.openStream(id)
      await settle()
    }
    told.push(...reader.changes)
    expect(told).toEqual(all.changes)
    expect(told.length).toBeGreaterThan(40)
  })

  test('may send the id in the query if it cannot send the header; the header counts first', async () => {
    const id = await disconnectedId()
    await fixture.changeElsewhere('a')
    const first = await fixture.openStream(undefined, `/events?last_event_id=${id}`)
    expect(first.changes).toEqual(['a@3'])
    await first.cancel()
    await fixture.changeElsewhere('b')
    expect((await fixture.openStream(first.lastEventId, `/events?last_event_id=${id}`)).changes).toEqual(['b@4'])
    expect((await fixture.openStream('', `/events?last_event_id=${id}`)).changes).toEqual(['a@3', 'b@4'])
  })

  test('may send a version alone, such as the `asOf` of its answers', async () => {
    await fixture.changeElsewhere('a')
    expect((await fixture.openStream('2')).changes).toEqual(['a@3'])
    expect((await fixture.openStream('0')).changes).toEqual(['a@1', 'b@2', 'a@3'])
  })

  test.each([0, 500])('to a process that is behind, and has sent %i, gets only what it did not get elsewhere', async (here) => {
    let isBehind = false
    const store = around(fixture.store, {
      changesSince: async (next, cursor, call) => (isBehind ? { kind: 'changes' as const, cursor, changed: [] } : await next(cursor, call)),
    })
    const other = new EventsFixture({ store })
    const longer = await other.openStream()
    for (let change = 0; change < here; change++) await fixture.store.update('a', { description: String(change) })
    await settle()
    expect(longer.changes).toHaveLength(here)
    isBehind = true
    await fixture.changeElsewhere('a')
    const id = await disconnectedId()
    await fixture.changeElsewhere('b')
    const reader = await other.openStream(id)
    expect(reader.events).toEqual([])
    isBehind = false
    await other.clock.advance(15_000)
    const [version, etag] = [here + 4, String(here + 4)]
    expect(reader.events.map(({ data }) => data)).toEqual([{ type: 'refetchEvaluation', etag, flag: 'b', version }])
    expect((await other.openStream(String(version - 2))).changes).toEqual([`a@${version - 1}`, `b@${version}`])
    await other.close()
  })
})

describe('a client is told once to fetch everything, and then gets new changes', () => {
  const everything = async (id: string): Promise<void> => {
    const reader = await fixture.openStream(id)
    const { version } = (await fixture.flags.admin.changes()).head
    expect(reader.types).toEqual(['everything'])
    expect(reader.events[0]?.data).toEqual({ type: 'refetchEvaluation', etag: String(version), version })
    await fixture.changeElsewhere('b')
    expect(reader.changes).toEqual([`b@${version + 1}`])
    await reader.cancel()
    await fixture.changeElsewhere('a')
    expect((await fixture.openStream(reader.lastEventId)).changes).toEqual([`a@${version + 2}`])
  }

  test('after the log was pruned', async () => {
    const id = await disconnectedId()
    await fixture.changeElsewhere('a', 'b', 'a')
    await fixture.store.prune(0)
    await everything(id)
  })

  test('with an event id of another history', async () => {
    await fixture.changeElsewhere('a', 'b')
    await everything('3.of-another-history')
    await everything('999')
    const other = await fixture.openStream()
    await fixture.changeElsewhere('a')
    const [version] = other.lastEventId.split('.')
    expect((await fixture.openStream(`${version}.of-another-history`)).types).toEqual(['everything'])
  })

  test.each(['x', '-1', '1.', '1.2.3', '99999999999999999', '1 2', '1.é', '1.2\t', '٣', 'none'])('with the event id %j', async (id) => {
    const reader = await fixture.openStream(undefined, `/events?last_event_id=${encodeURIComponent(id)}`)
    expect(reader.types).toEqual(['everything'])
  })

  test('after more than 500 missed changes, but not after 500', async () => {
    const id = await disconnectedId()
    for (let change = 0; change < 500; change++) await fixture.store.update('a', { description: String(change) })
    await settle()
    const first = await fixture.openStream(id)
    expect(first.changes).toHaveLength(500)
    await first.cancel()
    await fixture.changeElsewhere('a')
    const reader = await fixture.openStream(id)
    expect([reader.types, reader.changes]).toEqual([['everything'], []])
  })

  test('if the store could not be read when it connected, as soon as it can be', async () => {
    let isDown = true
    const inner = memoryStore({ flags: [{ name: 'a' }], clock: fixture.clock })
    const refused = (next: (...args: never[]) => Promise<never>, ...args: never[]) =>
      isDown ? Promise.reject(new Error('refused')) : next(...args)
    const store = around(inner, { head: refused as never, changes: refused as never })
    const other = new EventsFixture({ store, clock: fixture.clock }, { clock: fixture.clock })
    const [fresh, back] = [await other.openStream(), await other.openStream('1')]
    expect([fresh.events, back.events, fresh.endedWith]).toEqual([[], [], undefined])
    expect(other.reportedErrors.map(({ code }) => code)).toEqual(['STORE_UNAVAILABLE'])
    isDown = false
    await fixture.clock.advance(2_500)
    expect([fresh.types, back.types]).toEqual([['everything'], []])
    await inner.update('a', { rollout: 1 })
    await settle()
    expect([fresh.changes, back.changes]).toEqual([['a@2'], ['a@2']])
    other.eventsHandler.close()
    await fixture.clock.until(other.flags.close())
  })
})
