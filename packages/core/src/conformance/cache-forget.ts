import assert from 'node:assert/strict'
import { decisionFill, flagFill, kept, notKept, readOne, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import type { Scenarios } from './case.ts'
import { sampleRecord } from './samples.ts'

/** forget and purge. */
export const cacheForget: Scenarios<CacheFixture> = {
  'forget drops flag and fence, and with the fence every decision': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    await cache.invalidate('a', 90)
    const old = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', old, 90, sampleRecord('a', 90)), decisionFill('a', old, 90, 'u', true))
    await other.forget(['a'])
    const { token, ...rest } = await readOne(cache, 'a', 'u')
    assert.deepEqual(rest, { fenceVersion: 0 })
    assert.notEqual(token, old)
    await notKept(cache, flagFill('a', old, 90, sampleRecord('a', 90)))
  },

  'after forget, lower versions count again': async ({ cache }) => {
    await cache.open('store')
    await cache.invalidate('a', 90)
    await cache.forget(['a'])
    assert.equal(await cache.invalidate('a', 3), 'raised')
    await kept(cache, flagFill('a', await tokenOf(cache, 'a'), 3, sampleRecord('a', 3)))
  },

  'forget takes many names, known or not, and leaves the others': async ({ cache }) => {
    await cache.open('store')
    for (const name of ['a', 'b', 'c']) await kept(cache, flagFill(name, await tokenOf(cache, name), 3, sampleRecord(name, 3)))
    await cache.forget(['a', 'never', 'b', 'a'])
    const reads = await cache.read(['a', 'b', 'c'].map((name) => ({ name })))
    assert.deepEqual(
      reads.map(({ flag }) => flag !== undefined),
      [false, false, true],
    )
  },

  'purge drops everything of every store, and answers how many entries': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('another')
    await kept(other, flagFill('theirs', await tokenOf(other, 'theirs'), 3, null))
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 3, sampleRecord('a', 3)), decisionFill('a', token, 3, 'u', true))
    assert.ok((await cache.purge()) >= 3)
    assert.equal(await cache.purge(), 0)
    assert.equal((await readOne(other, 'theirs')).flag, undefined)
    const read = await readOne(cache, 'a', 'u')
    assert.deepEqual([read.flag, read.decision], [undefined, undefined])
    assert.notEqual(read.token, token)
    await notKept(cache, flagFill('a', token, 3, sampleRecord('a', 3)))
  },
}
