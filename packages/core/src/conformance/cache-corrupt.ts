import assert from 'node:assert/strict'
import type { FlagsError } from '../errors/flags-error.ts'
import { decisionFill, flagFill, kept, readOne, tokenOf } from './cache-assertions.ts'
import type { CacheEntryKey, CacheFixture } from './cache-fixture.ts'
import { needed, type Scenarios } from './case.ts'
import { sampleDecision, sampleRecord } from './samples.ts'

const NOT_JSON = '}not json{'

function corruptOf({ corrupt }: CacheFixture): (entry: CacheEntryKey, value: string) => Promise<void> {
  return needed(corrupt, 'corrupt() in this harness')
}

/** Entries that another program wrote. */
export const cacheCorrupt: Scenarios<CacheFixture> = {
  'a corrupt flag is a miss, is reported once, and is replaced by the next fill': async (fixture) => {
    const corrupt = corruptOf(fixture)
    const { cache } = fixture
    const reports: FlagsError[] = []
    await cache.open('store', (error) => reports.push(error))
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 3, sampleRecord('a', 3)))
    await corrupt({ name: 'a', kind: 'flag' }, NOT_JSON)
    for (const _ of [1, 2, 3]) assert.deepEqual(await readOne(cache, 'a'), { token, fenceVersion: 0 })
    assert.deepEqual(
      reports.map(({ code, flag }) => [code, flag]),
      [['PARSE_ERROR', 'a']],
    )
    await kept(cache, flagFill('a', token, 3, sampleRecord('a', 3)))
    assert.equal((await readOne(cache, 'a')).flag?.asOf, 3)
  },

  'a cached flag that is no legal record of that name is a miss': async (fixture) => {
    const corrupt = corruptOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    const { rollout: _, ...incomplete } = sampleRecord('a', 3)
    const values = ['', '{}', '[]', '"null"', 'true', '3', sampleRecord('b', 3), incomplete, { ...sampleRecord('a', 3), rollout: 101 }]
    for (const value of values) {
      await kept(cache, flagFill('a', token, 3, sampleRecord('a', 3)))
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      await corrupt({ name: 'a', kind: 'flag' }, text)
      assert.deepEqual(await readOne(cache, 'a'), { token, fenceVersion: 0 }, text)
    }
  },

  'a flag of a newer schema is a miss': async (fixture) => {
    const corrupt = corruptOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 3, sampleRecord('a', 3)))
    await corrupt({ name: 'a', kind: 'flag' }, JSON.stringify({ ...sampleRecord('a', 3), schema: 99 }))
    assert.deepEqual(await readOne(cache, 'a'), { token, fenceVersion: 0 })
  },

  'a corrupt decision is a miss, and affects neither the flag nor another decision': async (fixture) => {
    const corrupt = corruptOf(fixture)
    const { cache } = fixture
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    const foreign = JSON.stringify(sampleDecision('a', 'another user', 3))
    for (const [kind, value] of [
      ['check', 'yes'],
      ['check', ''],
      ['endpoint', NOT_JSON],
      ['endpoint', 'true'],
      ['endpoint', foreign],
    ] as const) {
      await kept(cache, flagFill('a', token, 3, sampleRecord('a', 3)))
      await kept(cache, decisionFill('a', token, 3, 'u', true), decisionFill('a', token, 3, 'u', sampleDecision('a', 'u', 3)))
      await corrupt({ name: 'a', kind, targetingKey: 'u' }, value)
      const read = await readOne(cache, 'a', 'u', kind)
      assert.deepEqual([read.decision, read.flag?.asOf], [undefined, 3], `${kind} ${value}`)
      const intact = await readOne(cache, 'a', 'u', kind === 'check' ? 'endpoint' : 'check')
      assert.equal(intact.decision?.asOf, 3)
    }
  },
}
