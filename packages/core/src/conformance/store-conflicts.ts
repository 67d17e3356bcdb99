import assert from 'node:assert/strict'
import type { Change, FlagStore } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Scenarios } from './case.ts'
import { refused } from './expect-refused.ts'
import type { StoreFixture } from './store-fixture.ts'

/** Runs the calls and expects the clock, the log and the flags to be as before. */
async function unchanged(store: FlagStore, calls: () => Promise<void>): Promise<void> {
  const before = await store.loadAll()
  const log = await store.history('a')
  await calls()
  assert.deepEqual(await store.loadAll(), before)
  assert.deepEqual(await store.history('a'), log)
}

/** Exactly one of the calls must succeed; the others must be refused with one of the codes. */
async function oneSucceeds(calls: readonly Promise<Change>[], codes: readonly string[]): Promise<Change> {
  const outcomes = await Promise.allSettled(calls)
  const [winner, ...more] = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  assert.ok(winner, 'no call succeeded')
  assert.equal(more.length, 0, `${more.length + 1} calls succeeded`)
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue
    const error: unknown = outcome.reason
    assert.ok(error instanceof FlagsError && codes.includes(error.code), String(error))
  }
  return winner
}

/** Writes that must be refused. */
export const storeConflicts: Scenarios<StoreFixture> = {
  'creating a flag that exists is refused and changes nothing': async ({ store, peer }) => {
    await store.create({ name: 'a', rollout: 10 })
    const other = await peer()
    await unchanged(store, async () => {
      await refused(store.create({ name: 'a' }), 'FLAG_EXISTS', 'a')
      await refused(other.create({ name: 'a' }), 'FLAG_EXISTS', 'a')
    })
  },

  'updating or deleting a flag that does not exist is refused': async ({ store }) => {
    await refused(store.update('never', { rollout: 1 }), 'FLAG_NOT_FOUND', 'never')
    await refused(store.delete('never'), 'FLAG_NOT_FOUND', 'never')
    await store.create({ name: 'a' })
    await store.delete('a')
    await unchanged(store, async () => {
      await refused(store.update('a', { rollout: 1 }), 'FLAG_NOT_FOUND', 'a')
      await refused(store.delete('a'), 'FLAG_NOT_FOUND', 'a')
    })
  },

  'a write that expects the current version passes': async ({ store }) => {
    const created = await store.create({ name: 'a' })
    const updated = await store.update('a', { rollout: 1 }, { expectedVersion: created.version })
    const deleted = await store.delete('a', { expectedVersion: updated.version })
    assert.ok(deleted.version > updated.version)
  },

  'a write that expects another version is refused with both versions and changes nothing': async ({ store }) => {
    const old = await store.create({ name: 'a' })
    const current = await store.update('a', { rollout: 1 })
    await unchanged(store, async () => {
      for (const expected of [old.version, current.version + 1, 0]) {
        const versions = { expected, actual: current.version }
        const update = await refused(store.update('a', { rollout: 2 }, { expectedVersion: expected }), 'VERSION_CONFLICT', 'a')
        assert.deepEqual({ ...update.versions }, versions)
        const remove = await refused(store.delete('a', { expectedVersion: expected }), 'VERSION_CONFLICT', 'a')
        assert.deepEqual({ ...remove.versions }, versions)
      }
    })
  },

  "another flag's change does not disturb an expected version": async ({ store }) => {
    const { version } = await store.create({ name: 'a' })
    await store.create({ name: 'b' })
    await store.update('a', { rollout: 1 }, { expectedVersion: version })
  },

  'a version of a deleted flag does not match the flag that was created again': async ({ store }) => {
    const first = await store.create({ name: 'a' })
    await store.delete('a')
    const second = await store.create({ name: 'a' })
    const { versions } = await refused(store.update('a', { rollout: 1 }, { expectedVersion: first.version }), 'VERSION_CONFLICT', 'a')
    assert.deepEqual({ ...versions }, { expected: first.version, actual: second.version })
  },

  'where many create one flag at once, one succeeds': async ({ store, peer }) => {
    const other = await peer()
    const calls = Array.from({ length: 10 }, (_, index) => (index % 2 ? store : other).create({ name: 'a', rollout: index }))
    const winner = await oneSucceeds(calls, ['FLAG_EXISTS'])
    assert.deepEqual((await store.load(['a'])).flags.get('a'), winner.after)
    assert.equal((await store.history('a')).length, 1)
  },

  'where many update from one expected version at once, one succeeds': async ({ store, peer }) => {
    const other = await peer()
    const { version } = await store.create({ name: 'a' })
    const calls = Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? store : other).update('a', { rollout: index }, { expectedVersion: version }),
    )
    const winner = await oneSucceeds(calls, ['VERSION_CONFLICT'])
    assert.deepEqual((await store.load(['a'])).flags.get('a'), winner.after)
  },

  'where many delete one flag at once, one succeeds': async ({ store, peer }) => {
    const other = await peer()
    await store.create({ name: 'a' })
    const calls = Array.from({ length: 6 }, (_, index) => (index % 2 ? store : other).delete('a'))
    await oneSucceeds(calls, ['FLAG_NOT_FOUND'])
    assert.equal((await store.load(['a'])).flags.get('a'), null)
  },
}
