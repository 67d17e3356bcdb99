import assert from 'node:assert/strict'
import { decisionFill, flagFill, kept, notKept, readOne, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import type { Scenarios } from './case.ts'
import { sampleDecision, sampleRecord } from './samples.ts'

/** Fills that must be refused: what was loaded before a change is never kept after it. */
export const cacheRefusals: Scenarios<CacheFixture> = {
  'a fill whose token was read before an invalidation is refused': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const old = await tokenOf(cache, 'a')
    await other.invalidate('a', 5)
    // Its "as of" is high enough: only the token tells that an invalidation came in between.
    await notKept(cache, flagFill('a', old, 9, sampleRecord('a', 4)), decisionFill('a', old, 9, 'u', true))
    const { token, ...rest } = await readOne(cache, 'a', 'u')
    assert.deepEqual(rest, { fenceVersion: 5 })
    await kept(cache, flagFill('a', String(token), 5, sampleRecord('a', 5)))
    await notKept(cache, flagFill('a', old, 9, sampleRecord('a', 4)))
    assert.deepEqual((await readOne(cache, 'a')).flag, { asOf: 5, value: sampleRecord('a', 5) })
  },

  'a fill under a token that never existed is refused': async ({ cache }) => {
    await cache.open('store')
    await notKept(cache, flagFill('a', 'store.0.madeup', 1, null))
    const token = await tokenOf(cache, 'a')
    for (const wrong of ['', 'store.0.madeup', `${token}x`, token.slice(0, -1), token.toUpperCase() + token, '.*', '%']) {
      await notKept(cache, flagFill('a', wrong, 1, sampleRecord('a', 1)))
    }
    assert.equal((await readOne(cache, 'a')).flag, undefined)
  },

  "a fill under another flag's token is refused": async ({ cache }) => {
    await cache.open('store')
    await tokenOf(cache, 'a')
    await notKept(cache, flagFill('a', await tokenOf(cache, 'b'), 1, sampleRecord('a', 1)))
  },

  'a fill after the fence was lost is refused': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await cache.forget(['a'])
    await notKept(cache, flagFill('a', token, 1, sampleRecord('a', 1)))
    await tokenOf(cache, 'a')
    await notKept(cache, flagFill('a', token, 1, sampleRecord('a', 1)))
  },

  "a fill older than the fence's version is refused": async ({ cache }) => {
    await cache.open('store')
    await cache.invalidate('a', 100)
    const token = await tokenOf(cache, 'a')
    // 99 and 20: as text, 20 and 99 are both "above" 100.
    for (const asOf of [99, 20, 0]) {
      await notKept(cache, flagFill('a', token, asOf, sampleRecord('a', 1)), decisionFill('a', token, asOf, 'u', true))
    }
    assert.deepEqual(await readOne(cache, 'a', 'u'), { token, fenceVersion: 100 })
  },

  'a fill older than the flag that counts now is refused': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    const flag = { asOf: 100, value: sampleRecord('a', 100) }
    await kept(cache, flagFill('a', token, flag.asOf, flag.value))
    for (const asOf of [99, 20]) await notKept(cache, flagFill('a', token, asOf, sampleRecord('a', 7)), flagFill('a', token, asOf, null))
    assert.deepEqual((await readOne(cache, 'a')).flag, flag)
  },

  'a fill older than an absence that counts now is refused': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 10, null))
    await notKept(cache, flagFill('a', token, 9, sampleRecord('a', 9)))
    assert.deepEqual((await readOne(cache, 'a')).flag, { asOf: 10, value: null })
  },

  'a fill older than the decision that counts now is refused': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    const decision = sampleDecision('a', 'u', 10)
    await kept(cache, decisionFill('a', token, 10, 'u', true), decisionFill('a', token, 10, 'u', decision))
    await notKept(cache, decisionFill('a', token, 9, 'u', false), decisionFill('a', token, 9, 'u', sampleDecision('a', 'u', 9)))
    assert.deepEqual((await readOne(cache, 'a', 'u')).decision, { asOf: 10, value: true })
    assert.deepEqual((await readOne(cache, 'a', 'u', 'endpoint')).decision, { asOf: 10, value: decision })
  },

  'only the entry under the same key makes a fill too old': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 10, null), decisionFill('a', token, 9, 'one', true), decisionFill('a', token, 8, 'two', true))
    await kept(cache, decisionFill('a', token, 7, 'one', sampleDecision('a', 'one', 7)))
  },

  'an entry that no longer counts makes no fill too old': async ({ cache }) => {
    await cache.open('store')
    await kept(cache, decisionFill('a', await tokenOf(cache, 'a'), 50, 'u', true))
    await cache.invalidate('a', 20)
    await kept(cache, decisionFill('a', await tokenOf(cache, 'a'), 20, 'u', false))
    assert.deepEqual((await readOne(cache, 'a', 'u')).decision, { asOf: 20, value: false })
  },

  'a refused fill keeps none of its values': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 10, null), decisionFill('a', token, 20, 'u', true))
    await notKept(cache, { ...flagFill('a', token, 15, sampleRecord('a', 15)), ...decisionFill('a', token, 15, 'u', false) })
    await notKept(cache, { ...flagFill('a', token, 9, sampleRecord('a', 9)), ...decisionFill('a', token, 25, 'u', false) })
    assert.deepEqual(await readOne(cache, 'a', 'u'), {
      token,
      fenceVersion: 0,
      flag: { asOf: 10, value: null },
      decision: { asOf: 20, value: true },
    })
  },
}
