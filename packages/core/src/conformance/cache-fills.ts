import assert from 'node:assert/strict'
import type { CacheFill, CacheRead, FlagCache } from '../contracts/index.ts'
import { decisionFill, flagFill, kept, readOne, TTL_MS, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import type { Scenarios } from './case.ts'
import { sampleDecision, sampleRecord } from './samples.ts'

/** Two clients that know the same store. */
async function openBoth({ cache, peer }: CacheFixture): Promise<readonly [FlagCache, FlagCache]> {
  const other = await peer()
  await cache.open('store')
  await other.open('store')
  return [cache, other]
}

/** What a read has beside the fence. */
function valuesOf({ token: _, fenceVersion: __, ...values }: CacheRead): Omit<CacheRead, 'token' | 'fenceVersion'> {
  return values
}

/** Fills that must be kept, and how they read. */
export const cacheFills: Scenarios<CacheFixture> = {
  'a flag that was filled is read by every client, with its "as of"': async (fixture) => {
    const [cache, other] = await openBoth(fixture)
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 7, sampleRecord('a', 5)))
    for (const client of [cache, other]) {
      assert.deepEqual(await readOne(client, 'a'), { token, fenceVersion: 0, flag: { asOf: 7, value: sampleRecord('a', 5) } })
    }
  },

  'a flag that is known to be absent reads as null, not as unknown': async (fixture) => {
    const [cache, other] = await openBoth(fixture)
    await kept(cache, flagFill('a', await tokenOf(cache, 'a'), 7, null))
    assert.deepEqual(valuesOf(await readOne(other, 'a')), { flag: { asOf: 7, value: null } })
    assert.deepEqual(valuesOf(await readOne(other, 'b')), {})
  },

  'true and false are both kept as decisions': async (fixture) => {
    const [cache, other] = await openBoth(fixture)
    const token = await tokenOf(cache, 'a')
    await kept(cache, decisionFill('a', token, 4, 'in', true), decisionFill('a', token, 4, 'out', false))
    assert.deepEqual(valuesOf(await readOne(other, 'a', 'in')), { decision: { asOf: 4, value: true } })
    assert.deepEqual(valuesOf(await readOne(other, 'a', 'out')), { decision: { asOf: 4, value: false } })
    assert.deepEqual(valuesOf(await readOne(other, 'a', 'nobody')), {})
  },

  'a full decision comes back as it was filled': async (fixture) => {
    const [cache, other] = await openBoth(fixture)
    const decision = sampleDecision('a', 'u', 4)
    await kept(cache, decisionFill('a', await tokenOf(cache, 'a'), 4, 'u', decision))
    assert.deepEqual(valuesOf(await readOne(other, 'a', 'u', 'endpoint')), { decision: { asOf: 4, value: decision } })
  },

  'check and endpoint are kept apart': async (fixture) => {
    const [cache] = await openBoth(fixture)
    const token = await tokenOf(cache, 'a')
    await kept(cache, decisionFill('a', token, 4, 'u', true))
    assert.deepEqual(valuesOf(await readOne(cache, 'a', 'u', 'endpoint')), {})
    await kept(cache, decisionFill('a', token, 4, 'u', sampleDecision('a', 'u', 3)))
    assert.deepEqual(valuesOf(await readOne(cache, 'a', 'u', 'check')), { decision: { asOf: 4, value: true } })
  },

  'a read answers a decision only where one is wanted': async (fixture) => {
    const [cache] = await openBoth(fixture)
    const token = await tokenOf(cache, 'a')
    await kept(cache, { ...flagFill('a', token, 4, sampleRecord('a', 4)), ...decisionFill('a', token, 4, 'u', true) })
    assert.deepEqual(valuesOf(await readOne(cache, 'a')), { flag: { asOf: 4, value: sampleRecord('a', 4) } })
  },

  'flag and decision can be filled and read together': async (fixture) => {
    const [cache, other] = await openBoth(fixture)
    const token = await tokenOf(cache, 'a')
    const flag = { asOf: 6, value: sampleRecord('a', 4) }
    const fill: CacheFill = {
      name: 'a',
      token,
      flag: { ...flag, ttlMs: TTL_MS },
      decision: { kind: 'check', targetingKey: 'u', asOf: 5, value: false, ttlMs: TTL_MS },
    }
    await kept(cache, fill)
    assert.deepEqual(await readOne(other, 'a', 'u'), { token, fenceVersion: 0, flag, decision: { asOf: 5, value: false } })
  },

  'a fill with an equal or a higher "as of" replaces the entry before it': async (fixture) => {
    const [cache] = await openBoth(fixture)
    const token = await tokenOf(cache, 'a')
    for (const [asOf, value] of [
      [4, null],
      [4, sampleRecord('a', 4)],
      [9, sampleRecord('a', 8)],
      [10, null],
    ] as const) {
      await kept(cache, flagFill('a', token, asOf, value))
      assert.deepEqual((await readOne(cache, 'a')).flag, { asOf, value })
    }
  },

  'a fill as old as the fence itself is kept': async (fixture) => {
    const [cache] = await openBoth(fixture)
    await cache.invalidate('a', 12)
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 12, sampleRecord('a', 12)), decisionFill('a', token, 12, 'u', true))
    const read = await readOne(cache, 'a', 'u')
    assert.deepEqual([read.flag?.asOf, read.decision?.asOf], [12, 12])
  },

  'fills are answered in order, each on its own': async (fixture) => {
    const [cache] = await openBoth(fixture)
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => tokenOf(cache, name)))
    const answers = await cache.fill([
      flagFill('a', String(a), 1, sampleRecord('a', 1)),
      flagFill('b', String(a), 1, sampleRecord('b', 1)),
      flagFill('c', String(c), 1, null),
    ])
    assert.deepEqual(answers, [true, false, true])
    const [readA, readB, readC] = await cache.read([{ name: 'a' }, { name: 'b' }, { name: 'c' }])
    assert.deepEqual([readA?.flag?.value, readB?.flag, readC?.flag?.value], [sampleRecord('a', 1), undefined, null])
    assert.equal(readB?.token, b)
  },

  'reading nothing and filling nothing answer nothing': async (fixture) => {
    const [cache] = await openBoth(fixture)
    assert.deepEqual(await cache.read([]), [])
    assert.deepEqual(await cache.fill([]), [])
    await cache.forget([])
  },
}
