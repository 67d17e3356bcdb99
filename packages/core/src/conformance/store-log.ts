import assert from 'node:assert/strict'
import type { Changes, Cursor, FlagStore } from '../contracts/index.ts'
import { assertChanges } from './assert-changes.ts'
import type { Scenarios } from './case.ts'
import type { StoreFixture } from './store-fixture.ts'

const BEGINNING: Cursor = { version: 0, id: '' }

type Found = Extract<Changes, { kind: 'changes' }>

async function since(store: FlagStore, cursor: Cursor): Promise<Found> {
  const answer = await store.changesSince(cursor)
  assert.ok(answer.kind === 'changes', `the log was lost: ${answer.kind === 'lost' ? answer.why : ''}`)
  return answer
}

function byName(found: Found): Found['changed'] {
  return [...found.changed].sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** changesSince, while the log reaches back to the cursor. */
export const storeLog: Scenarios<StoreFixture> = {
  'where nothing is new, no flag is listed and the cursor is the one given': async ({ store }) => {
    await assertChanges(store, BEGINNING, { kind: 'changes', cursor: BEGINNING, changed: [] })
    const { version, id } = await store.create({ name: 'a' })
    await assertChanges(store, { version, id }, { kind: 'changes', cursor: { version, id }, changed: [] })
  },

  'from the beginning, every flag is listed': async ({ store }) => {
    const a = await store.create({ name: 'a' })
    const b = await store.create({ name: 'b', rollout: 5 })
    const found = await since(store, BEGINNING)
    assert.deepEqual(byName(found), [
      { name: 'a', version: a.version, flag: a.after },
      { name: 'b', version: b.version, flag: b.after },
    ])
    assert.deepEqual(found.cursor, { version: b.version, id: b.id })
  },

  'only flags that changed after the cursor are listed': async ({ store, peer }) => {
    await store.create({ name: 'a' })
    await store.create({ name: 'b' })
    const { cursor } = await store.head()
    const b = await (await peer()).update('b', { rollout: 5 })
    const found = await since(store, cursor)
    assert.deepEqual(found.changed, [{ name: 'b', version: b.version, flag: b.after }])
    assert.deepEqual(found.cursor, { version: b.version, id: b.id })
  },

  'a flag that changed often is listed once, with its latest version and its current record': async ({ store }) => {
    await store.create({ name: 'a' })
    const { cursor } = await store.head()
    for (const rollout of [1, 2, 3]) await store.update('a', { rollout })
    const b = await store.create({ name: 'b' })
    const a = await store.update('a', { rollout: 4 })
    assert.deepEqual(byName(await since(store, cursor)), [
      { name: 'a', version: a.version, flag: a.after },
      { name: 'b', version: b.version, flag: b.after },
    ])
  },

  'a deleted flag is listed as absent, with the version of the delete': async ({ store }) => {
    await store.create({ name: 'a' })
    const { cursor } = await store.head()
    const { version } = await store.delete('a')
    assert.deepEqual((await since(store, cursor)).changed, [{ name: 'a', version, flag: null }])
  },

  'a flag that was created and deleted after the cursor is listed as absent': async ({ store }) => {
    await store.create({ name: 'a' })
    const { version } = await store.delete('a')
    assert.deepEqual((await since(store, BEGINNING)).changed, [{ name: 'a', version, flag: null }])
  },

  'a flag that was deleted and created again is listed with its new record': async ({ store }) => {
    await store.create({ name: 'a', owner: 'first' })
    const { cursor } = await store.head()
    await store.delete('a')
    const { version, after } = await store.create({ name: 'a' })
    assert.deepEqual((await since(store, cursor)).changed, [{ name: 'a', version, flag: after }])
  },

  'refused writes add nothing to the log': async ({ store }) => {
    await store.create({ name: 'a' })
    const { cursor } = await store.head()
    await Promise.allSettled([store.create({ name: 'a' }), store.update('never', { rollout: 1 }), store.delete('never')])
    await assertChanges(store, cursor, { kind: 'changes', cursor, changed: [] })
  },

  'a cursor walks the log step by step, and each step ends where the next begins': async ({ store }) => {
    let { cursor } = await store.head()
    for (const [index, name] of ['a', 'b', 'a', 'c', 'b'].entries()) {
      const isNew = (await store.load([name])).flags.get(name) === null
      const { version, id, after } = await (isNew ? store.create({ name }) : store.update(name, { rollout: index }))
      await assertChanges(store, cursor, { kind: 'changes', cursor: { version, id }, changed: [{ name, version, flag: after }] })
      cursor = { version, id }
    }
    assert.deepEqual(cursor, (await store.head()).cursor)
  },

  'many changed flags are listed together': async ({ store }) => {
    const names = Array.from({ length: 150 }, (_, index) => `flag-${index}`)
    await Promise.all(names.map((name) => store.create({ name })))
    const found = await since(store, BEGINNING)
    assert.equal(found.changed.length, names.length)
    assert.deepEqual(new Set(found.changed.map(({ name }) => name)), new Set(names))
    assert.deepEqual(found.cursor, (await store.head()).cursor)
  },
}
