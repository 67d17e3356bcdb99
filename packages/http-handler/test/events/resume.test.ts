import { memoryStore } from '@flagstone/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { around, gate } from '../../../core/test/world.ts'
import { EventsFixture } from './events-fixture.ts'

let site: EventsFixture
beforeEach(async () => {
  site = new EventsFixture()
  for (const name of ['a', 'b']) await site.store.create({ name })
})
afterEach(() => site.close())

/** A client that has come, and gone again. */
async function gone(): Promise<string> {
  const reader = await site.openStream()
  await reader.cancel()
  return reader.lastEventId
}

describe('a client that comes back', () => {
  test('is told what it has missed, and then what comes, each once and in order', async () => {
    const id = await gone()
    await site.changeElsewhere('a', 'b')
    const reader = await site.openStream(id)
    await site.changeElsewhere('a')
    expect(reader.changes).toEqual(['a@3', 'b@4', 'a@5'])
    expect(reader.types).not.toContain('everything')
    await reader.cancel()
    await site.changeElsewhere('b')
    const again = await site.openStream(reader.lastEventId)
    expect(again.changes).toEqual(['b@6'])
  })

  test('is told nothing where nothing has changed', async () => {
    const reader = await site.openStream(await gone())
    expect(reader.events).toEqual([])
  })

  test('hears nothing twice that happens while the log is read for it', async () => {
    const id = await gone()
    await site.changeElsewhere('a', 'b')
    const other = await site.openStream()
    const { opened, open } = gate()
    const { admin } = site.flags
    const { changes } = admin
    admin.changes = async (page) => {
      const answer = await changes.call(admin, page)
      if (page?.limit === 500) await opened
      return answer
    }
    const reader = await site.openStream(id)
    await site.changeElsewhere('a')
    expect([other.changes, reader.changes]).toEqual([['a@5'], []])
    open()
    await site.changeElsewhere('b')
    expect(reader.changes).toEqual(['a@3', 'b@4', 'a@5', 'b@6'])
  })

  test('misses nothing and hears nothing twice, wherever it is cut off', async () => {
    const all = await site.openStream()
    const told: string[] = []
    let reader = await site.openStream()
    let id = reader.lastEventId
    for (let round = 0; round < 20; round++) {
      for (let change = 0; change <= round % 3; change++) await site.changeElsewhere(change % 2 ? 'a' : 'b')
      told.push(...reader.changes)
      id = reader.lastEventId || id
      await reader.cancel()
      if (round % 4 === 0) await site.changeElsewhere('a')
      // Not settled: it comes back while a change is on its way.
      if (round % 5 === 0) await site.store.update('b', { rollout: round })
      reader = await site.openStream(id)
      await settle()
    }
    told.push(...reader.changes)
    expect(told).toEqual(all.changes)
    expect(told.length).toBeGreaterThan(40)
  })

  test('may say so in the query, where it cannot send the header; the header is newer', async () => {
    const id = await gone()
    await site.changeElsewhere('a')
    const first = await site.openStream(undefined, `/events?last_event_id=${id}`)
    expect(first.changes).toEqual(['a@3'])
    await first.cancel()
    await site.changeElsewhere('b')
    expect((await site.openStream(first.lastEventId, `/events?last_event_id=${id}`)).changes).toEqual(['b@4'])
    expect((await site.openStream('', `/events?last_event_id=${id}`)).changes).toEqual(['a@3', 'b@4'])
  })

  test('may come with a version alone, such as the one its answers are as of', async () => {
    await site.changeElsewhere('a')
    expect((await site.openStream('2')).changes).toEqual(['a@3'])
    expect((await site.openStream('0')).changes).toEqual(['a@1', 'b@2', 'a@3'])
  })

  test.each([0, 500])('to a process that has seen less, and told %i, is told only what it was not told there', async (here) => {
    let isBehind = false
    const store = around(site.store, {
      changesSince: async (next, cursor, call) => (isBehind ? { kind: 'changes' as const, cursor, changed: [] } : await next(cursor, call)),
    })
    const other = new EventsFixture({ store })
    const longer = await other.openStream()
    for (let change = 0; change < here; change++) await site.store.update('a', { description: String(change) })
    await settle()
    expect(longer.changes).toHaveLength(here)
    isBehind = true
    await site.changeElsewhere('a')
    const id = await gone()
    await site.changeElsewhere('b')
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

describe('a client that has to ask for everything again is told so, once, and then what comes', () => {
  const everything = async (id: string): Promise<void> => {
    const reader = await site.openStream(id)
    const { version } = (await site.flags.admin.changes()).head
    expect(reader.types).toEqual(['everything'])
    expect(reader.events[0]?.data).toEqual({ type: 'refetchEvaluation', etag: String(version), version })
    await site.changeElsewhere('b')
    expect(reader.changes).toEqual([`b@${version + 1}`])
    await reader.cancel()
    await site.changeElsewhere('a')
    expect((await site.openStream(reader.lastEventId)).changes).toEqual([`a@${version + 2}`])
  }

  test('where the log was pruned', async () => {
    const id = await gone()
    await site.changeElsewhere('a', 'b', 'a')
    await site.store.prune(0)
    await everything(id)
  })

  test('where it was told of another history', async () => {
    await site.changeElsewhere('a', 'b')
    await everything('3.of-another-history')
    await everything('999')
    const other = await site.openStream()
    await site.changeElsewhere('a')
    const [version] = other.lastEventId.split('.')
    expect((await site.openStream(`${version}.of-another-history`)).types).toEqual(['everything'])
  })

  test.each(['x', '-1', '1.', '1.2.3', '99999999999999999', '1 2', '1.é', '1.2\t', '٣', 'none'])('where it says %j', async (id) => {
    const reader = await site.openStream(undefined, `/events?last_event_id=${encodeURIComponent(id)}`)
    expect(reader.types).toEqual(['everything'])
  })

  test('where it has missed more than 500 changes, but not where it has missed 500', async () => {
    const id = await gone()
    for (let change = 0; change < 500; change++) await site.store.update('a', { description: String(change) })
    await settle()
    const first = await site.openStream(id)
    expect(first.changes).toHaveLength(500)
    await first.cancel()
    await site.changeElsewhere('a')
    const reader = await site.openStream(id)
    expect([reader.types, reader.changes]).toEqual([['everything'], []])
  })

  test('where the store cannot be read when it comes, and as soon as it can', async () => {
    let isDown = true
    const inner = memoryStore({ flags: [{ name: 'a' }], clock: site.clock })
    const refused = (next: (...args: never[]) => Promise<never>, ...args: never[]) =>
      isDown ? Promise.reject(new Error('refused')) : next(...args)
    const store = around(inner, { head: refused as never, changes: refused as never })
    const other = new EventsFixture({ store, clock: site.clock }, { clock: site.clock })
    const [fresh, back] = [await other.openStream(), await other.openStream('1')]
    expect([fresh.events, back.events, fresh.endedWith]).toEqual([[], [], undefined])
    expect(other.reportedErrors.map(({ code }) => code)).toEqual(['STORE_UNAVAILABLE'])
    isDown = false
    await site.clock.advance(2_500)
    expect([fresh.types, back.types]).toEqual([['everything'], []])
    await inner.update('a', { rollout: 1 })
    await settle()
    expect([fresh.changes, back.changes]).toEqual([['a@2'], ['a@2']])
    other.eventsHandler.close()
    await site.clock.until(other.flags.close())
  })
})
