import assert from 'node:assert/strict'
import type { FlagCache } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'
import { decisionFill, flagFill, kept, notKept, readOne, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import type { Scenarios } from './case.ts'
import { sampleRecord } from './samples.ts'

/** Fills the flag and a decision of the client's own store. */
async function fillOwn(cache: FlagCache, version: number): Promise<void> {
  const token = await tokenOf(cache, 'a')
  await kept(cache, flagFill('a', token, version, sampleRecord('a', version)), decisionFill('a', token, version, 'u', version % 2 === 0))
}

/** Two stores on one cache evict each other, but never see each other's flags. */
export const cacheTwoStores: Scenarios<CacheFixture> = {
  "a store never sees another store's entries": async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('one')
    await other.open('two')
    await fillOwn(cache, 3)
    const first = await readOne(other, 'a', 'u')
    assert.deepEqual([first.flag, first.decision, first.fenceVersion], [undefined, undefined, 0])
    for (let round = 4; round < 8; round += 1) {
      await fillOwn(other, round * 10)
      assert.equal((await readOne(other, 'a')).flag?.asOf, round * 10)
      const mine = await readOne(cache, 'a', 'u')
      assert.deepEqual([mine.flag, mine.decision], [undefined, undefined])
      await fillOwn(cache, round)
      assert.equal((await readOne(cache, 'a')).flag?.asOf, round)
      const theirs = await readOne(other, 'a', 'u')
      assert.deepEqual([theirs.flag, theirs.decision], [undefined, undefined])
    }
  },

  'before open, entries count as long as they are of one store alone': async ({ cache, peer }) => {
    const [other, unopened] = [await peer(), await peer()]
    await cache.open('one')
    await fillOwn(cache, 3)
    assert.equal((await readOne(unopened, 'a')).flag?.asOf, 3)
    assert.equal((await readOne(unopened, 'a')).token, undefined)
    await other.open('two')
    await kept(other, flagFill('b', await tokenOf(other, 'b'), 7, sampleRecord('b', 7)))
    assert.equal((await readOne(unopened, 'b')).flag, undefined)
    assert.equal((await readOne(unopened, 'a')).flag, undefined)
  },

  "a fill under a token that another store's read replaced is refused": async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('one')
    await other.open('two')
    const token = await tokenOf(cache, 'a')
    await tokenOf(other, 'a')
    await notKept(cache, flagFill('a', token, 3, sampleRecord('a', 3)))
  },

  "another store's fence blocks no invalidation, however high it is": async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('one')
    await other.open('two')
    await cache.invalidate('a', 1_000)
    assert.equal(await other.invalidate('a', 3), 'raised')
    assert.equal((await readOne(other, 'a')).fenceVersion, 3)
    assert.notEqual((await readOne(cache, 'a')).fenceVersion, 3)
  },

  "another store's fence is reported once": async ({ cache, peer }) => {
    const other = await peer()
    const reports: FlagsError[] = []
    await cache.open('one')
    await other.open('two', (error) => reports.push(error))
    for (const name of ['a', 'b', 'a']) {
      await tokenOf(cache, name)
      await tokenOf(other, name)
    }
    assert.deepEqual(
      reports.map(({ code }) => code),
      ['CACHE_SHARED_BY_STORES'],
    )
  },

  'a store that shares the cache with no other reports nothing': async ({ cache, peer }) => {
    const other = await peer()
    const reports: FlagsError[] = []
    await cache.open('one', (error) => reports.push(error))
    await other.open('one', (error) => reports.push(error))
    await fillOwn(cache, 3)
    await other.invalidate('a', 4)
    await fillOwn(cache, 5)
    await readOne(other, 'a', 'u')
    assert.deepEqual(reports, [])
  },

  'opening with another store switches to it': async ({ cache }) => {
    await cache.open('one')
    await fillOwn(cache, 30)
    const old = await tokenOf(cache, 'a')
    await cache.open('two')
    const { token, ...rest } = await readOne(cache, 'a', 'u')
    assert.deepEqual(rest, { fenceVersion: 0 })
    assert.notEqual(token, old)
    await notKept(cache, flagFill('a', old, 31, sampleRecord('a', 31)))
    await fillOwn(cache, 3)
  },
}
