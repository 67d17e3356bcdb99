import assert from 'node:assert/strict'
import type { Scenarios } from './case.ts'
import type { StoreFixture } from './store-fixture.ts'

/** history. */
export const storeHistory: Scenarios<StoreFixture> = {
  'a history has the changes as their writes answered them, newest first': async ({ store, peer }) => {
    const other = await peer()
    const changes = [
      await store.create({ name: 'a', tags: ['x'] }, { actor: 'ada', reason: 'start' }),
      await other.update('a', { rollout: 10, tags: null }, { actor: 'bob' }),
      await store.delete('a', { reason: 'end' }),
      await other.create({ name: 'a' }),
    ]
    const history = await store.history('a')
    assert.deepEqual(history, changes.reverse())
    assert.deepEqual(
      history.map(({ operation }) => operation),
      ['create', 'delete', 'update', 'create'],
    )
  },

  'a history has the changes of its own flag only': async ({ store }) => {
    await store.create({ name: 'a' })
    await store.create({ name: 'ab' })
    await store.update('ab', { rollout: 1 })
    assert.deepEqual(
      (await store.history('a')).map(({ flag }) => flag),
      ['a'],
    )
  },

  'the history of a flag that never existed is empty': async ({ store }) => {
    await store.create({ name: 'a' })
    assert.deepEqual(await store.history('never'), [])
  },

  'the history of a deleted flag stays': async ({ store }) => {
    await store.create({ name: 'a' })
    await store.delete('a')
    assert.equal((await store.history('a')).length, 2)
  },

  'a page holds the newest changes below a version, 50 by default': async ({ store }) => {
    const versions = [(await store.create({ name: 'a' })).version]
    for (let rollout = 1; rollout < 55; rollout += 1) versions.unshift((await store.update('a', { rollout })).version)
    const page = async (options?: { readonly limit?: number; readonly before?: number }): Promise<readonly number[]> =>
      (await store.history('a', options)).map(({ version }) => version)
    assert.deepEqual(await page(), versions.slice(0, 50))
    assert.deepEqual(await page({}), versions.slice(0, 50))
    assert.deepEqual(await page({ limit: 1 }), versions.slice(0, 1))
    assert.deepEqual(await page({ limit: 1_000 }), versions)
    assert.deepEqual(await page({ before: versions[49] as number }), versions.slice(50))
    assert.deepEqual(await page({ limit: 3, before: versions[10] as number }), versions.slice(11, 14))
    assert.deepEqual(await page({ before: versions.at(-1) as number }), [])
    assert.deepEqual(await page({ before: (versions[0] as number) + 1, limit: 2 }), versions.slice(0, 2))
  },
}
