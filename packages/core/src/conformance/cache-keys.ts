import assert from 'node:assert/strict'
import { decisionFill, flagFill, kept, readOne, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import type { Scenarios } from './case.ts'
import { HOSTILE_KEYS, HOSTILE_NAMES, sampleDecision, sampleRecord } from './samples.ts'

/** Names and targeting keys that careless code confuses, and reads of many. */
export const cacheKeys: Scenarios<CacheFixture> = {
  'every targeting key has entries of its own': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const token = await tokenOf(cache, 'a')
    for (const [asOf, key] of HOSTILE_KEYS.entries()) {
      await kept(
        cache,
        decisionFill('a', token, asOf, key, asOf % 2 === 0),
        decisionFill('a', token, asOf, key, sampleDecision('a', key, asOf)),
      )
    }
    for (const [asOf, key] of HOSTILE_KEYS.entries()) {
      const shown = JSON.stringify(key)
      assert.deepEqual((await readOne(other, 'a', key)).decision, { asOf, value: asOf % 2 === 0 }, `check of ${shown}`)
      const endpoint = await readOne(other, 'a', key, 'endpoint')
      assert.deepEqual(endpoint.decision, { asOf, value: sampleDecision('a', key, asOf) }, `endpoint of ${shown}`)
    }
    await cache.invalidate('a', 1)
    for (const key of HOSTILE_KEYS) assert.equal((await readOne(other, 'a', key)).decision, undefined)
  },

  'every legal name is an ordinary name': async ({ cache }) => {
    await cache.open('store')
    for (const [index, name] of HOSTILE_NAMES.entries()) {
      const before = await readOne(cache, name, 'u')
      assert.deepEqual([before.flag, before.decision, before.fenceVersion], [undefined, undefined, 0], `${name} exists already`)
      await cache.invalidate(name, index + 1)
      const token = await tokenOf(cache, name)
      await kept(cache, flagFill(name, token, index + 1, sampleRecord(name, index)), decisionFill(name, token, index + 1, 'u', true))
    }
    const reads = await cache.read(HOSTILE_NAMES.map((name) => ({ name, decision: { kind: 'check', targetingKey: 'u' } as const })))
    for (const [index, name] of HOSTILE_NAMES.entries()) {
      assert.deepEqual(reads[index]?.flag, { asOf: index + 1, value: sampleRecord(name, index) })
      assert.deepEqual(reads[index]?.decision, { asOf: index + 1, value: true })
      assert.equal(reads[index]?.fenceVersion, index + 1)
    }
  },

  'a read of many names is answered in their order': async ({ cache }) => {
    await cache.open('store')
    const names = Array.from({ length: 1_000 }, (_, index) => `flag-${(index * 7) % 1_000}`)
    const tokens = (await cache.read(names.map((name) => ({ name })))).map(({ token }) => String(token))
    assert.equal(new Set(tokens).size, names.length)
    const fills = names.map((name, index) => flagFill(name, String(tokens[index]), index, index % 3 ? sampleRecord(name, index) : null))
    assert.ok((await cache.fill(fills)).every(Boolean))
    const reads = await cache.read(names.map((name) => ({ name })))
    for (const [index, name] of names.entries()) {
      const flag = { asOf: index, value: index % 3 ? sampleRecord(name, index) : null }
      assert.deepEqual(reads[index], { token: tokens[index], fenceVersion: 0, flag })
    }
  },

  'a read may ask for one flag several times, for several users': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await kept(cache, decisionFill('a', token, 2, 'one', true), decisionFill('a', token, 3, 'two', false))
    const check = (targetingKey: string) => ({ name: 'a', decision: { kind: 'check', targetingKey } }) as const
    const reads = await cache.read([check('two'), { name: 'new' }, check('one'), { name: 'new' }, check('three')])
    assert.deepEqual(
      reads.map(({ decision }) => decision?.value),
      [false, undefined, true, undefined, undefined],
    )
    assert.equal(reads[1]?.token, reads[3]?.token)
    assert.equal(reads[4]?.token, token)
  },
}
