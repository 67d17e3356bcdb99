import assert from 'node:assert/strict'
import type { Change, ChangesPage, Cursor, FlagStore, LoggedChanges } from '../contracts/index.ts'
import type { Scenarios } from './case.ts'
import type { StoreFixture } from './store-fixture.ts'

type Page = Extract<LoggedChanges, { kind: 'changes' }>

const BEGINNING: Cursor = { version: 0, id: '' }
const WRITERS = 4
const WRITES = 15

const cursorOf = ({ version, id }: Change): Cursor => ({ version, id })

async function pageOf(store: FlagStore, page?: ChangesPage): Promise<Page> {
  const answer = await store.changes(page)
  assert.ok(answer.kind === 'changes', `the log was lost: ${answer.kind === 'lost' ? answer.why : ''}`)
  return answer
}

async function expectLost(store: FlagStore, after: ChangesPage['after'], why: 'pruned' | 'rewound'): Promise<void> {
  assert.deepEqual(await store.changes({ after: after as Cursor }), { kind: 'lost', why, head: (await store.head()).cursor })
}

/** The changes from a place to the end, read in pages of `limit`. */
async function walk(store: FlagStore, from: Cursor, limit: number): Promise<readonly Change[]> {
  const walked: Change[] = []
  for (let after = from; ; ) {
    const { changes, next, head } = await pageOf(store, { after, limit })
    assert.ok(changes.length <= limit, `${changes.length} changes in a page of ${limit}`)
    walked.push(...changes)
    after = next
    if (next.version === head.version) return walked
  }
}

/** changes: the log itself. */
export const storeChanges: Scenarios<StoreFixture> = {
  'the log has the changes of all flags and segments as their writes answered them, oldest first': async ({ store, peer }) => {
    const other = await peer()
    const changes = [
      await store.create({ name: 'a', tags: ['x'] }, { actor: 'ada', reason: 'start' }),
      await other.segments.create({ name: 'a', members: ['x'] }),
      await other.update('a', { rollout: 10, tags: null }, { actor: 'bob' }),
      await store.create({ name: 'b' }),
      await store.delete('a', { reason: 'end' }),
      await store.update('b', { rollout: 1 }),
    ]
    const end = cursorOf(changes.at(-1) as Change)
    assert.deepEqual(await store.changes(), { kind: 'changes', changes, next: end, head: end })
    assert.deepEqual((await pageOf(store, { after: BEGINNING })).changes, changes)
  },

  'where nothing is new, a page is empty and the next one begins at the same place': async ({ store }) => {
    const nothing = { kind: 'changes', changes: [], next: BEGINNING, head: BEGINNING }
    assert.deepEqual([await store.changes(), await store.changes({ after: BEGINNING })], [nothing, nothing])
    const end = cursorOf(await store.create({ name: 'a' }))
    assert.deepEqual(await store.changes({ after: end }), { kind: 'changes', changes: [], next: end, head: end })
  },

  'a page of the log holds the oldest changes after a place, 50 by default': async ({ store }) => {
    const changes = [await store.create({ name: 'a' })]
    for (let rollout = 1; rollout < 55; rollout += 1) changes.push(await store.update('a', { rollout }))
    const end = cursorOf(changes.at(-1) as Change)
    const first = await pageOf(store)
    assert.deepEqual(first, { kind: 'changes', changes: changes.slice(0, 50), next: cursorOf(changes[49] as Change), head: end })
    assert.deepEqual((await pageOf(store, { after: first.next })).changes, changes.slice(50))
    assert.deepEqual((await pageOf(store, { limit: 1_000 })).changes, changes)
    const three = await pageOf(store, { limit: 3, after: cursorOf(changes[9] as Change) })
    assert.deepEqual([three.changes, three.next, three.head], [changes.slice(10, 13), cursorOf(changes[12] as Change), end])
    assert.deepEqual(await walk(store, BEGINNING, 7), changes)
  },

  'a page without records is otherwise the same': async ({ store }) => {
    const withoutRecords = ({ changes, ...page }: Page): Page => ({
      ...page,
      changes: changes.map((each) => ({ ...each, before: null, after: null })),
    })
    const first = cursorOf(await store.create({ name: 'a', tags: ['x'] }, { actor: 'ada', reason: 'start' }))
    await store.segments.create({ name: 'a', members: ['x'] })
    await store.update('a', { rollout: 10 })
    const end = cursorOf(await store.delete('a'))
    for (const page of [{}, { after: first }, { after: { version: first.version }, limit: 2 }, { after: end }]) {
      assert.deepEqual(await pageOf(store, { ...page, records: false }), withoutRecords(await pageOf(store, page)))
      assert.deepEqual(await pageOf(store, { ...page, records: true }), await pageOf(store, page))
    }
    const after = { version: end.version + 1 }
    assert.deepEqual(await store.changes({ after, records: false }), await store.changes({ after }))
  },

  'a place without an id counts by its version alone': async ({ store }) => {
    const { version } = await store.create({ name: 'a' })
    const last = await store.create({ name: 'b' })
    assert.deepEqual((await pageOf(store, { after: { version } })).changes, [last])
    const end = cursorOf(last)
    assert.deepEqual(await store.changes({ after: { version: last.version } }), { kind: 'changes', changes: [], next: end, head: end })
  },

  'a place that the log was pruned past is lost': async ({ store }) => {
    const first = cursorOf(await store.create({ name: 'a' }))
    await store.segments.create({ name: 'a' })
    const newest = await store.create({ name: 'c' })
    await store.prune(0)
    await expectLost(store, first, 'pruned')
    await expectLost(store, { version: first.version }, 'pruned')
    await expectLost(store, BEGINNING, 'pruned')
    const more = await store.update('a', { rollout: 1 })
    await expectLost(store, first, 'pruned')
    assert.deepEqual((await pageOf(store, { after: cursorOf(newest) })).changes, [more])
  },

  'without a place, a page begins with the oldest change that the log still has': async ({ store }) => {
    await store.create({ name: 'a' })
    const kept = [await store.create({ name: 'b' })]
    await store.prune(0)
    kept.push(await store.update('a', { rollout: 1 }), await store.update('a', { rollout: 2 }))
    const { changes, next } = await pageOf(store, { limit: 2 })
    assert.deepEqual(changes, kept.slice(0, 2))
    assert.deepEqual((await pageOf(store, { after: next })).changes, kept.slice(2))
  },

  'a place above the clock, or of another change, means that the store went back': async ({ store }) => {
    await expectLost(store, { version: 3, id: 'of a change that no longer exists' }, 'rewound')
    await expectLost(store, { version: 3 }, 'rewound')
    const first = await store.create({ name: 'a' })
    const second = await store.create({ name: 'b' })
    await expectLost(store, { version: first.version, id: second.id }, 'rewound')
    await expectLost(store, { version: second.version, id: first.id }, 'rewound')
    await expectLost(store, { version: second.version + 1 }, 'rewound')
  },

  'a walk through the log while others write misses no change and sees none twice': async ({ store, peer }) => {
    const writers = await Promise.all(Array.from({ length: WRITERS }, peer))
    let writing = true
    const written = Promise.all(
      writers.map(async (writer, index) => {
        const changes = [await writer.create({ name: `flag-${index}` })]
        for (let rollout = 1; rollout < WRITES; rollout += 1) changes.push(await writer.update(`flag-${index}`, { rollout }))
        return changes
      }),
    ).finally(() => {
      writing = false
    })
    written.catch(() => {})
    const seen: Change[] = []
    while (writing) seen.push(...(await walk(store, seen.length === 0 ? BEGINNING : cursorOf(seen.at(-1) as Change), 5)))
    const all = (await written).flat().sort((one, other) => one.version - other.version)
    seen.push(...(await walk(store, seen.length === 0 ? BEGINNING : cursorOf(seen.at(-1) as Change), 5)))
    assert.deepEqual(seen, all)
  },
}
