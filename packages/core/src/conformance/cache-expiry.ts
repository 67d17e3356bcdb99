import assert from 'node:assert/strict'
import { decisionFill, flagFill, kept, readOne, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import { needed, type Scenarios } from './case.ts'
import { sampleRecord } from './samples.ts'

const HOUR_MS = 3_600_000

function advanceOf({ advance }: CacheFixture): (ms: number) => Promise<void> {
  return needed(advance, 'advance() in this harness')
}

/** How long entries and fences last. Real time passes too, so what must still be there is checked well before it expires. */
export const cacheExpiry: Scenarios<CacheFixture> = {
  'a flag is kept for its time to live, and no longer': async (fixture) => {
    const advance = advanceOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    await kept(cache, flagFill('a', await tokenOf(cache, 'a'), 3, sampleRecord('a', 3), 300_000))
    await advance(250_000)
    assert.equal((await readOne(cache, 'a')).flag?.asOf, 3)
    await advance(50_000)
    assert.equal((await readOne(cache, 'a')).flag, undefined)
  },

  'an absence is kept for its time to live, and no longer': async (fixture) => {
    const advance = advanceOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    await kept(cache, flagFill('a', await tokenOf(cache, 'a'), 3, null, 30_000))
    await advance(15_000)
    assert.equal((await readOne(cache, 'a')).flag?.value, null)
    await advance(15_000)
    assert.equal((await readOne(cache, 'a')).flag, undefined)
  },

  'a flag and its decisions each have their own time to live': async (fixture) => {
    const advance = advanceOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    const decision = { kind: 'check', targetingKey: 'u', asOf: 3, value: true, ttlMs: 30_000 } as const
    await kept(cache, { ...flagFill('a', token, 3, sampleRecord('a', 3)), decision })
    await advance(15_000)
    assert.equal((await readOne(cache, 'a', 'u')).decision?.value, true)
    await advance(15_000)
    const read = await readOne(cache, 'a', 'u')
    assert.deepEqual([read.flag?.asOf, read.decision], [3, undefined])
  },

  'a later fill restarts the time to live': async (fixture) => {
    const advance = advanceOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 3, sampleRecord('a', 3)))
    await advance(200_000)
    await kept(cache, flagFill('a', token, 4, sampleRecord('a', 3)))
    await advance(200_000)
    assert.equal((await readOne(cache, 'a')).flag?.asOf, 4)
  },

  'a placeholder that is not filled expires': async (fixture) => {
    const advance = advanceOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await advance(30_000)
    assert.equal(await tokenOf(cache, 'a'), token)
    await advance(24 * HOUR_MS)
    assert.notEqual(await tokenOf(cache, 'a'), token)
  },

  'a raised fence outlives the entries under it': async (fixture) => {
    const advance = advanceOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    await cache.invalidate('a', 5)
    const token = await tokenOf(cache, 'a')
    await advance(HOUR_MS)
    await kept(cache, flagFill('a', token, 5, sampleRecord('a', 5)), decisionFill('a', token, 5, 'u', true))
    await advance(250_000)
    assert.deepEqual(await readOne(cache, 'a'), { token, fenceVersion: 5, flag: { asOf: 5, value: sampleRecord('a', 5) } })
  },
}
