import assert from 'node:assert/strict'
import type { Call, FlagStore, Loaded } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { needed, type Scenarios } from './case.ts'
import { eventually } from './eventually.ts'
import type { StoreFixture } from './store-fixture.ts'

type Load = (names: readonly string[], call?: Call) => Promise<Loaded>

function replicaOf(store: FlagStore): Load {
  return needed(store.loadFromReplica, 'loadFromReplica() on this store').bind(store)
}

/** loadFromReplica and loadAllFromReplica. It may lag, but what it answers must have been true at its "as of". */
export const storeReplica: Scenarios<StoreFixture> = {
  'a replica is of the same store, and never ahead of it': async ({ store }) => {
    const load = replicaOf(store)
    for (const name of ['a', 'b', 'c']) {
      await store.create({ name })
      const { storeId, asOf } = await load([name])
      const head = await store.head()
      assert.equal(storeId, head.storeId)
      assert.ok(asOf <= head.cursor.version, `${asOf} is ahead of ${head.cursor.version}`)
    }
  },

  'a replica answers each name that was asked for once, and no other': async ({ store }) => {
    const load = replicaOf(store)
    for (const name of ['a', 'b', 'c']) await store.create({ name })
    const { flags } = await load(['b', 'nothing', 'b', 'a'])
    assert.deepEqual(new Set(flags.keys()), new Set(['a', 'b', 'nothing']))
    assert.equal(flags.get('nothing'), null)
  },

  'a replica catches up with each change': async ({ store, peer }) => {
    const load = replicaOf(store)
    const other = await peer()
    for (const write of [
      () => store.create({ name: 'a', rollout: 33.333, tags: ['x'] }),
      () => other.update('a', { rollout: 20, tags: null }),
      () => other.delete('a'),
    ]) {
      const { version, after } = await write()
      let loaded = await load(['a'])
      await eventually(async () => {
        loaded = await load(['a'])
        return loaded.asOf >= version
      }, `version ${version} in the replica`)
      assert.deepEqual(loaded.flags.get('a'), after)
    }
  },

  'a replica answers each flag as it was at its "as of", however far it lags': async ({ store }) => {
    const load = replicaOf(store)
    const answers = [await load(['a', 'b'])]
    const look = async (): Promise<void> => void answers.push(await load(['a', 'b']))
    for (const name of ['a', 'b', 'a']) {
      await store.create({ name })
      await look()
      await store.update(name, { rollout: 10 })
      await look()
      await store.delete(name)
      await look()
    }
    for (const name of ['a', 'b']) {
      const changes = await store.history(name)
      for (const { asOf, flags } of answers) {
        const last = changes.find(({ version }) => version <= asOf)
        assert.deepEqual(flags.get(name), last?.after ?? null, `${name} as of ${asOf}`)
      }
    }
  },

  'all records of a replica are those that existed at its "as of", segments too, and none that was deleted': async ({ store }) => {
    const loadAll = needed(store.loadAllFromReplica, 'loadAllFromReplica() on this store').bind(store)
    const { storeId } = await store.head()
    await store.create({ name: 'a' })
    await store.segments.create({ name: 'a', members: ['x'] })
    await store.create({ name: 'b' })
    const { version } = await store.delete('a')
    let loaded = await loadAll()
    await eventually(async () => {
      const keys = ['a', 'b', 'segment:a']
      const histories = await Promise.all(keys.map((key) => store.history(key)))
      const existing = histories.flatMap((changes, index) => {
        const after = changes.find((change) => change.version <= loaded.asOf)?.after
        return after == null ? [] : [[keys[index], after]]
      })
      assert.deepEqual(Object.fromEntries(loaded.flags), Object.fromEntries(existing), `as of ${loaded.asOf}`)
      assert.equal(loaded.storeId, storeId)
      if (loaded.asOf >= version) return true
      loaded = await loadAll()
      return false
    }, `version ${version} in the replica`)
  },

  'a record that this build cannot use is an error in its place, also in a replica': async ({ store, overwrite }) => {
    const load = replicaOf(store)
    const put = needed(overwrite, 'overwrite() in this harness')
    await store.create({ name: 'a' })
    const { after } = await store.create({ name: 'b' })
    await put('a', { schema: 99 })
    let loaded = await load(['a', 'b'])
    await eventually(async () => {
      loaded = await load(['a', 'b'])
      return loaded.flags.get('a') instanceof FlagsError
    }, 'the error in the replica')
    const error = loaded.flags.get('a') as FlagsError
    assert.deepEqual([error.code, error.flag], ['RECORD_TOO_NEW', 'a'])
    assert.deepEqual(loaded.flags.get('b'), after)
  },

  'a call to a replica whose signal is aborted settles, with a FlagsError where it fails, and the replica goes on': async ({ store }) => {
    const load = replicaOf(store)
    const [outcome] = await Promise.allSettled([load(['a'], { signal: AbortSignal.abort() })])
    if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof FlagsError, String(outcome.reason))
    assert.equal((await load(['a'])).flags.get('a'), null)
  },
}
