import assert from 'node:assert/strict'
import type { CacheUpdatedRecord, FlagCache, Hint, StoredRecord, Unsubscribe } from '../contracts/index.ts'
import { decisionFill, flagFill, kept, notKept, readOne, TTL_MS, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import { needed, type Scenarios } from './case.ts'
import { eventually } from './eventually.ts'
import { hintRecorder } from './hint-recorder.ts'
import { sampleRecord } from './samples.ts'

function updatedRecord(token: string, value: StoredRecord | null, ttlMs: number = TTL_MS): CacheUpdatedRecord {
  return { token, value, ttlMs }
}

/** Raises the fence of flag `a`, and answers what a read finds afterwards. */
async function readAfter(cache: FlagCache, version: number, next: CacheUpdatedRecord): Promise<readonly [number, unknown]> {
  assert.equal(await cache.invalidate('a', version, next), 'raised')
  const { fenceVersion, flag } = await readOne(cache, 'a')
  return [fenceVersion, flag]
}

interface RecordedHint extends Hint {
  /** What a read finds once the hint has arrived. */
  readonly found: unknown
}

/** A cache, and the hints that another client gets of its invalidations. */
async function subscribedPeer({
  cache,
  peer,
}: CacheFixture): Promise<{ cache: FlagCache; hints: readonly RecordedHint[]; end: Unsubscribe }> {
  const other = await peer()
  await cache.open('store')
  await other.open('store')
  const hints: RecordedHint[] = []
  const recorder = hintRecorder()
  const onHint = (hint: Hint): void => void readOne(other, 'a').then(({ flag: found }) => hints.push({ ...hint, found }))
  const end = await needed(other.subscribe?.bind(other), 'subscribe() on this cache')({ ...recorder, onResync: recorder.onResync, onHint })
  await eventually(() => recorder.resyncs > 0, 'onResync after the first subscription')
  return { cache, hints, end }
}

/** An invalidation that carries the new record. */
export const cacheUpdatedRecords: Scenarios<CacheFixture> = {
  'an updated record replaces the flag, under the fence of its change': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const old = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', old, 3, sampleRecord('a', 3)), decisionFill('a', old, 3, 'u', true))
    assert.equal(await cache.invalidate('a', 5, updatedRecord(old, sampleRecord('a', 5))), 'raised')
    const { token, ...rest } = await readOne(other, 'a', 'u')
    assert.deepEqual(rest, { fenceVersion: 5, flag: { asOf: 5, value: sampleRecord('a', 5) } })
    assert.ok(token && token !== old)
  },

  'an updated record is kept where nothing was cached, and so is an absence': async ({ cache }) => {
    await cache.open('store')
    const record = sampleRecord('a', 5)
    assert.deepEqual(await readAfter(cache, 5, updatedRecord(await tokenOf(cache, 'a'), record)), [5, { asOf: 5, value: record }])
    assert.deepEqual(await readAfter(cache, 6, updatedRecord(await tokenOf(cache, 'a'), null)), [6, { asOf: 6, value: null }])
  },

  'no updated record is kept where another change has raised the fence since its token was read': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const token = await tokenOf(cache, 'a')
    await other.invalidate('a', 4)
    assert.deepEqual(await readAfter(cache, 5, updatedRecord(token, sampleRecord('a', 5))), [5, undefined])
  },

  'no updated record is kept where the fence was lost since its token was read': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await cache.invalidate('a', 9)
    // The fence of 9 is lost, and a late change does not know of 9.
    await cache.forget(['a'])
    assert.deepEqual(await readAfter(cache, 5, updatedRecord(token, sampleRecord('a', 5))), [5, undefined])
    await cache.forget(['a'])
    await tokenOf(cache, 'a')
    assert.deepEqual(await readAfter(cache, 6, updatedRecord(token, sampleRecord('a', 6))), [6, undefined])
  },

  'no updated record is kept over the fence of another store': async ({ cache }) => {
    await cache.open('one')
    const token = await tokenOf(cache, 'a')
    await cache.open('other')
    assert.deepEqual(await readAfter(cache, 5, updatedRecord(token, sampleRecord('a', 5))), [5, undefined])
  },

  'no updated record is kept where the fence is already as high': async ({ cache }) => {
    await cache.open('store')
    await cache.invalidate('a', 7)
    const token = await tokenOf(cache, 'a')
    for (const version of [7, 6])
      assert.equal(await cache.invalidate('a', version, updatedRecord(token, sampleRecord('a', version))), 'already')
    assert.deepEqual(await readOne(cache, 'a'), { token, fenceVersion: 7 })
  },

  'no updated record replaces a flag that was loaded after its change': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 6, sampleRecord('a', 6)))
    assert.deepEqual(await readAfter(cache, 5, updatedRecord(token, sampleRecord('a', 5))), [5, undefined])
    const again = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', again, 8, sampleRecord('a', 8)))
    assert.deepEqual(await readAfter(cache, 8, updatedRecord(again, sampleRecord('a', 8))), [8, { asOf: 8, value: sampleRecord('a', 8) }])
  },

  'an updated record is an entry like any other: an older load does not replace it, a newer one does': async ({ cache }) => {
    await cache.open('store')
    const old = await tokenOf(cache, 'a')
    await cache.invalidate('a', 5, updatedRecord(old, sampleRecord('a', 5)))
    await notKept(cache, flagFill('a', old, 4, sampleRecord('a', 4)))
    const token = await tokenOf(cache, 'a')
    await notKept(cache, flagFill('a', token, 4, sampleRecord('a', 4)))
    await kept(cache, flagFill('a', token, 6, sampleRecord('a', 5)))
    await cache.invalidate('a', 7)
    assert.equal((await readOne(cache, 'a')).flag, undefined)
  },

  'an updated record can be read when the hint arrives, and a record that the hint carries is the updated record': async (fixture) => {
    const { cache, hints, end } = await subscribedPeer(fixture)
    await cache.invalidate('a', 5, updatedRecord(await tokenOf(cache, 'a'), sampleRecord('a', 5)))
    await eventually(() => hints.length === 1, 'a hint')
    await cache.invalidate('a', 6, updatedRecord(await tokenOf(cache, 'a'), null))
    await eventually(() => hints.length === 2, 'another hint')
    assert.deepEqual(hints[0]?.found, { asOf: 5, value: sampleRecord('a', 5) })
    for (const [index, flag] of [sampleRecord('a', 5), null].entries()) {
      const { found: _, ...hint } = hints[index] as RecordedHint
      assert.deepEqual(hint, { name: 'a', version: index + 5, ...('flag' in hint && { flag }) })
    }
    await end()
  },

  'a hint carries no updated record that was left out': async (fixture) => {
    const { cache, hints, end } = await subscribedPeer(fixture)
    const token = await tokenOf(cache, 'a')
    await cache.invalidate('a', 4)
    await cache.invalidate('a', 5, updatedRecord(token, sampleRecord('a', 5)))
    await cache.invalidate('a', 5, updatedRecord(await tokenOf(cache, 'a'), sampleRecord('a', 5)))
    await kept(cache, flagFill('a', await tokenOf(cache, 'a'), 7, sampleRecord('a', 7)))
    await cache.invalidate('a', 6, updatedRecord(await tokenOf(cache, 'a'), sampleRecord('a', 6)))
    await eventually(() => hints.length === 3, 'three hints')
    assert.deepEqual(
      hints.map(({ found: _, ...hint }) => hint),
      [4, 5, 6].map((version) => ({ name: 'a', version })),
    )
    await end()
  },

  'an updated record expires after its time to live, and its fence stays': async ({ cache, advance }) => {
    const advanceBy = needed(advance, 'advance() in this harness')
    await cache.open('store')
    await cache.invalidate('a', 5, updatedRecord(await tokenOf(cache, 'a'), sampleRecord('a', 5), 2_000))
    await advanceBy(1_000)
    assert.equal((await readOne(cache, 'a')).flag?.asOf, 5)
    await advanceBy(1_001)
    const { fenceVersion, flag } = await readOne(cache, 'a')
    assert.deepEqual([fenceVersion, flag], [5, undefined])
  },
}
