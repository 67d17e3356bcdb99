import assert from 'node:assert/strict'
import { decisionFill, flagFill, kept, notKept, readOne, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import type { Scenarios } from './case.ts'
import { sampleDecision, sampleRecord } from './samples.ts'

/** invalidate. */
export const cacheInvalidate: Scenarios<CacheFixture> = {
  'an invalidation drops the flag for every client and raises the fence': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const old = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', old, 3, sampleRecord('a', 3)))
    assert.equal(await other.invalidate('a', 5), 'raised')
    for (const client of [cache, other]) {
      const { token, ...rest } = await readOne(client, 'a')
      assert.deepEqual(rest, { fenceVersion: 5 })
      assert.ok(token && token !== old)
    }
  },

  'an invalidation drops an absence, too': async ({ cache }) => {
    await cache.open('store')
    await kept(cache, flagFill('a', await tokenOf(cache, 'a'), 3, null))
    await cache.invalidate('a', 5)
    assert.equal((await readOne(cache, 'a')).flag, undefined)
  },

  "after one invalidation no user's entry counts": async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    const users = Array.from({ length: 200 }, (_, index) => `user-${index}`)
    await kept(cache, ...users.map((user) => decisionFill('a', token, 3, user, true)))
    await kept(cache, ...users.map((user) => decisionFill('a', token, 3, user, sampleDecision('a', user, 3))))
    assert.equal(await cache.invalidate('a', 4), 'raised')
    for (const kind of ['check', 'endpoint'] as const) {
      const reads = await cache.read(users.map((targetingKey) => ({ name: 'a', decision: { kind, targetingKey } })))
      assert.ok(reads.every(({ decision }) => decision === undefined))
    }
  },

  'an invalidation leaves other flags alone': async ({ cache }) => {
    await cache.open('store')
    const names = ['a', 'aa', 'a.b', 'A']
    for (const name of names) await kept(cache, flagFill(name, await tokenOf(cache, name), 3, sampleRecord(name, 3)))
    await cache.invalidate('a', 5)
    const reads = await cache.read(names.map((name) => ({ name })))
    assert.deepEqual(
      reads.map(({ flag }) => flag !== undefined),
      [false, true, true, true],
    )
  },

  'an invalidation needs no existing fence': async ({ cache }) => {
    await cache.open('store')
    assert.equal(await cache.invalidate('never-read', 5), 'raised')
    assert.equal((await readOne(cache, 'never-read')).fenceVersion, 5)
  },

  'the same invalidation again changes nothing': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    await cache.invalidate('a', 5)
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 5, sampleRecord('a', 5)), decisionFill('a', token, 5, 'u', true))
    assert.equal(await other.invalidate('a', 5), 'already')
    const { flag, decision, ...fence } = await readOne(cache, 'a', 'u')
    assert.deepEqual(fence, { token, fenceVersion: 5 })
    assert.deepEqual([flag?.asOf, decision?.asOf], [5, 5])
  },

  'an invalidation that comes late changes nothing': async ({ cache }) => {
    await cache.open('store')
    // 9 after 10: as text, "9" is above "10".
    assert.equal(await cache.invalidate('a', 10), 'raised')
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 10, sampleRecord('a', 10)))
    for (const version of [9, 2, 0]) assert.equal(await cache.invalidate('a', version), 'already')
    assert.deepEqual(await readOne(cache, 'a'), { token, fenceVersion: 10, flag: { asOf: 10, value: sampleRecord('a', 10) } })
    assert.equal(await cache.invalidate('a', 11), 'raised')
  },

  'invalidations in any order end at the highest version': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const outcomes = await Promise.all([7, 100, 21, 99, 3].map((version, index) => (index % 2 ? cache : other).invalidate('a', version)))
    assert.equal(outcomes[1], 'raised')
    assert.equal((await readOne(cache, 'a')).fenceVersion, 100)
  },

  'where many clients invalidate for one change at once, one raises the fence': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    await tokenOf(cache, 'a')
    const outcomes = await Promise.all(Array.from({ length: 12 }, (_, index) => (index % 2 ? cache : other).invalidate('a', 5)))
    assert.equal(outcomes.filter((outcome) => outcome === 'raised').length, 1)
  },

  'versions are exact up to the largest safe integer': async ({ cache }) => {
    await cache.open('store')
    const top = Number.MAX_SAFE_INTEGER
    for (const version of [2 ** 31, 2 ** 32 + 1, 1e15, 1e15 + 1, top - 1, top]) {
      assert.equal(await cache.invalidate('a', version), 'raised')
      assert.equal(await cache.invalidate('a', version), 'already')
      const { token, fenceVersion } = await readOne(cache, 'a')
      assert.equal(fenceVersion, version)
      await notKept(cache, flagFill('a', String(token), version - 1, null))
      await kept(cache, flagFill('a', String(token), version, null))
      assert.equal((await readOne(cache, 'a')).flag?.asOf, version)
    }
    assert.equal(await cache.invalidate('a', top - 1), 'already')
  },
}
