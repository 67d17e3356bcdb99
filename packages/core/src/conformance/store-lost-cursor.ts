import assert from 'node:assert/strict'
import type { Change, Cursor, FlagStore } from '../contracts/index.ts'
import { assertChanges } from './assert-changes.ts'
import { needed, type Scenarios } from './case.ts'
import type { StoreFixture } from './store-fixture.ts'

const BEGINNING: Cursor = { version: 0, id: '' }

async function expectLost(store: FlagStore, cursor: Cursor, why: 'pruned' | 'rewound'): Promise<void> {
  await assertChanges(store, cursor, { kind: 'lost', cursor: (await store.head()).cursor, why })
}

const cursorOf = ({ version, id }: Change): Cursor => ({ version, id })

/** prune, and cursors that the log cannot continue from. */
export const storeLostCursor: Scenarios<StoreFixture> = {
  'prune drops older entries, never the newest one, and answers how many': async ({ store }) => {
    await store.create({ name: 'a' })
    await store.update('a', { rollout: 1 })
    const newest = await store.create({ name: 'b' })
    assert.equal(await store.prune(0), 2)
    assert.deepEqual(await store.history('a'), [])
    assert.equal((await store.history('b')).length, 1)
    assert.deepEqual((await store.head()).cursor, cursorOf(newest))
    assert.equal(await store.prune(0), 0)
  },

  'prune drops no younger entry': async ({ store }) => {
    assert.equal(await store.prune(0), 0)
    const first = await store.create({ name: 'a' })
    await store.update('a', { rollout: 1 })
    assert.equal(await store.prune(1), 0)
    assert.equal((await store.history('a')).length, 2)
    assert.equal((await store.changesSince(cursorOf(first))).kind, 'changes')
  },

  'prune keeps the flags and their versions': async ({ store }) => {
    const a = await store.create({ name: 'a', rollout: 10 })
    const b = await store.create({ name: 'b' })
    await store.prune(0)
    const { flags, asOf } = await store.loadAll()
    assert.deepEqual(flags.get('a'), a.after)
    assert.equal(asOf, b.version)
    assert.ok((await store.update('a', { rollout: 20 }, { expectedVersion: a.version })).version > b.version)
  },

  'a cursor that the log was pruned past is lost': async ({ store }) => {
    const first = await store.create({ name: 'a' })
    await store.create({ name: 'b' })
    await store.create({ name: 'c' })
    await store.prune(0)
    await expectLost(store, cursorOf(first), 'pruned')
    await expectLost(store, BEGINNING, 'pruned')
    await store.update('a', { rollout: 1 })
    await expectLost(store, cursorOf(first), 'pruned')
  },

  'a cursor at the newest entry survives a prune': async ({ store }) => {
    await store.create({ name: 'a' })
    const newest = await store.create({ name: 'b' })
    await store.prune(0)
    await assertChanges(store, cursorOf(newest), { kind: 'changes', cursor: cursorOf(newest), changed: [] })
    const { version, id, after } = await store.update('a', { rollout: 1 })
    const changed = [{ name: 'a', version, flag: after }]
    await assertChanges(store, cursorOf(newest), { kind: 'changes', cursor: { version, id }, changed })
  },

  'a cursor above the clock means that the store went back': async ({ store }) => {
    await expectLost(store, { version: 3, id: 'of a change that no longer exists' }, 'rewound')
    const { version } = await store.create({ name: 'a' })
    await expectLost(store, { version: version + 1, id: 'of a change that no longer exists' }, 'rewound')
  },

  'a cursor of another change at the same version means that the store went back': async ({ store }) => {
    const first = await store.create({ name: 'a' })
    await store.create({ name: 'b' })
    const { cursor } = await store.head()
    await expectLost(store, { version: first.version, id: cursor.id }, 'rewound')
    await expectLost(store, { version: cursor.version, id: first.id }, 'rewound')
  },

  'a store that went back says so, also once its clock has passed the cursor again': async ({ store, rewind }) => {
    const restore = needed(rewind, 'rewind() in this harness')
    const { storeId } = await store.head()
    await store.create({ name: 'a' })
    const ahead = cursorOf(await store.create({ name: 'b' }))
    await restore()
    assert.deepEqual(await store.head(), { storeId, cursor: BEGINNING })
    await expectLost(store, ahead, 'rewound')
    await store.create({ name: 'c' })
    await store.create({ name: 'd' })
    await store.create({ name: 'e' })
    await expectLost(store, ahead, 'rewound')
    assert.deepEqual(new Set((await store.loadAll()).flags.keys()), new Set(['c', 'd', 'e']))
  },
}
