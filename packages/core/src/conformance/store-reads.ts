import assert from 'node:assert/strict'
import { isFlagName } from '../validate/flag-name.ts'
import type { Scenarios } from './case.ts'
import { HOSTILE_NAMES } from './samples.ts'
import type { StoreFixture } from './store-fixture.ts'

/** head, load, loadAll. */
export const storeReads: Scenarios<StoreFixture> = {
  'the head of an empty store is version 0 with an empty id': async ({ store }) => {
    const { cursor } = await store.head()
    assert.deepEqual(cursor, { version: 0, id: '' })
  },

  'the store has one id, the same in every answer and for every client': async ({ store, peer }) => {
    const { storeId } = await store.head()
    assert.match(storeId, /^[^.|]+$/, 'a store id is not empty and holds neither "." nor "|"')
    const other = await peer()
    const answers = [await store.head(), await other.head(), await store.load(['a']), await other.loadAll()]
    for (const answer of answers) assert.equal(answer.storeId, storeId)
  },

  'the head moves with every change, to its version and its id': async ({ store, peer }) => {
    const other = await peer()
    for (const write of [
      () => store.create({ name: 'a' }),
      () => store.update('a', { rollout: 1 }),
      () => other.create({ name: 'b' }),
      () => store.delete('a'),
    ]) {
      const { version, id } = await write()
      assert.deepEqual((await store.head()).cursor, { version, id })
      assert.deepEqual((await other.head()).cursor, { version, id })
    }
  },

  'load answers the current record': async ({ store }) => {
    const created = await store.create({ name: 'a', rollout: 10 })
    assert.deepEqual((await store.load(['a'])).flags.get('a'), created.after)
    const updated = await store.update('a', { rollout: 20 })
    assert.deepEqual((await store.load(['a'])).flags.get('a'), updated.after)
  },

  'load answers null for a flag that never existed and for one that was deleted': async ({ store }) => {
    await store.create({ name: 'gone' })
    await store.delete('gone')
    const { flags } = await store.load(['never', 'gone'])
    assert.deepEqual(
      flags,
      new Map([
        ['gone', null],
        ['never', null],
      ]),
    )
  },

  'load answers each name that was asked for once, and no other': async ({ store }) => {
    for (const name of ['a', 'b', 'c']) await store.create({ name })
    const { flags } = await store.load(['b', 'nothing', 'b', 'a'])
    assert.deepEqual(new Set(flags.keys()), new Set(['a', 'b', 'nothing']))
  },

  'load answers thousands of names at once': async ({ store }) => {
    const made = await store.create({ name: 'flag-1234' })
    const names = Array.from({ length: 3_000 }, (_, index) => `flag-${index}`)
    const { flags } = await store.load(names)
    assert.equal(flags.size, names.length)
    assert.deepEqual(flags.get('flag-1234'), made.after)
    assert.equal(flags.get('flag-1235'), null)
  },

  'load and loadAll carry the clock of their snapshot': async ({ store }) => {
    assert.equal((await store.load(['a'])).asOf, 0)
    assert.equal((await store.loadAll()).asOf, 0)
    await store.create({ name: 'a' })
    const { version } = await store.create({ name: 'b' })
    assert.equal((await store.load(['a'])).asOf, version)
    assert.equal((await store.load(['nothing'])).asOf, version)
    assert.equal((await store.loadAll()).asOf, version)
  },

  'loadAll of an empty store is empty, at version 0': async ({ store }) => {
    const all = await store.loadAll()
    assert.equal(all.flags.size, 0)
    assert.deepEqual(all.cursor, { version: 0, id: '' })
  },

  'loadAll answers all flags and no deleted one, with the cursor of its snapshot': async ({ store }) => {
    const a = await store.create({ name: 'a' })
    const b = await store.create({ name: 'b', rollout: 33.333 })
    await store.create({ name: 'c' })
    const deleted = await store.delete('c')
    const all = await store.loadAll()
    assert.deepEqual(
      all.flags,
      new Map([
        ['a', a.after],
        ['b', b.after],
      ]),
    )
    assert.deepEqual(all.cursor, { version: deleted.version, id: deleted.id })
    assert.equal(all.asOf, all.cursor.version)
  },

  'a peer reads at once what was written': async ({ store, peer }) => {
    const other = await peer()
    const { after, version } = await store.create({ name: 'a', rollout: 5 })
    const loaded = await other.load(['a'])
    assert.deepEqual(loaded.flags.get('a'), after)
    assert.equal(loaded.asOf, version)
  },

  'every legal name is an ordinary name': async ({ store }) => {
    for (const name of HOSTILE_NAMES) {
      assert.ok(isFlagName(name))
      assert.equal((await store.load([name])).flags.get(name), null, `${name} exists before it was created`)
      await store.create({ name, description: `this is ${name}` })
    }
    const loaded = await store.load(HOSTILE_NAMES)
    const all = await store.loadAll()
    assert.equal(all.flags.size, HOSTILE_NAMES.length)
    for (const name of HOSTILE_NAMES) {
      const flag = loaded.flags.get(name)
      assert.ok(flag && 'description' in flag, `${name} was not loaded`)
      assert.equal(flag.description, `this is ${name}`)
      assert.deepEqual(all.flags.get(name), flag)
      assert.equal((await store.history(name)).length, 1)
    }
  },

  'a call whose signal is aborted settles, and the store goes on': async ({ store }) => {
    const call = { signal: AbortSignal.abort() }
    await Promise.allSettled([store.head(call), store.load(['a'], call), store.loadAll(call)])
    const late = new AbortController()
    await store.load(['a'], { signal: late.signal })
    late.abort()
    const { version } = await store.create({ name: 'a' })
    assert.equal((await store.head()).cursor.version, version)
  },

  'closing one client, even twice, leaves its peers working': async ({ store, peer }) => {
    const other = await peer()
    await store.create({ name: 'a' })
    await other.close()
    await other.close()
    await store.update('a', { rollout: 7 })
    assert.equal((await (await peer()).loadAll()).flags.size, 1)
  },
}
