import assert from 'node:assert/strict'
import { flagFill, kept, notKept, readOne, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import type { Scenarios } from './case.ts'
import { sampleRecord } from './samples.ts'

/** open, and the tokens of reads. */
export const cacheFences: Scenarios<CacheFixture> = {
  'before it knows a store, the cache gives no token and takes no fill': async ({ cache }) => {
    assert.deepEqual(await cache.read([{ name: 'a', decision: { kind: 'check', targetingKey: 'u' } }]), [
      { token: undefined, fenceVersion: 0 },
    ])
    await notKept(cache, flagFill('a', 'store.0.madeup', 1, null))
    assert.equal((await readOne(cache, 'a')).token, undefined)
  },

  'before it knows a store, the cache still reads the entries that count, without a token': async ({ cache, peer }) => {
    const other = await peer()
    await other.open('store')
    await other.invalidate('a', 3)
    await kept(other, flagFill('a', await tokenOf(other, 'a'), 3, sampleRecord('a', 3)))
    assert.deepEqual(await readOne(cache, 'a'), { token: undefined, fenceVersion: 3, flag: { asOf: 3, value: sampleRecord('a', 3) } })
  },

  'once it knows the store, a read of a new flag gives a placeholder': async ({ cache }) => {
    await cache.open('store')
    const { token, ...rest } = await readOne(cache, 'a')
    assert.ok(token)
    assert.deepEqual(rest, { fenceVersion: 0 })
  },

  'a placeholder stays: every later read, by any client, gives the same token': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const token = await tokenOf(cache, 'a')
    for (const client of [cache, other, cache]) assert.equal(await tokenOf(client, 'a'), token)
  },

  'clients that read a new flag at once agree on one placeholder': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => tokenOf(index % 2 ? cache : other, 'a')))
    assert.equal(new Set(tokens).size, 1)
  },

  'each flag has a fence of its own': async ({ cache }) => {
    await cache.open('store')
    const tokens = await Promise.all(['a', 'b', 'c'].map((name) => tokenOf(cache, name)))
    assert.equal(new Set(tokens).size, 3)
  },

  'opening again with the same store changes nothing': async ({ cache }) => {
    await cache.open('store')
    const token = await tokenOf(cache, 'a')
    await kept(cache, flagFill('a', token, 2, sampleRecord('a', 2)))
    await cache.open('store')
    assert.deepEqual(await readOne(cache, 'a'), { token, fenceVersion: 0, flag: { asOf: 2, value: sampleRecord('a', 2) } })
  },

  'a raised fence has its version, and a token that was never used before': async ({ cache }) => {
    await cache.open('store')
    const tokens = [await tokenOf(cache, 'a')]
    for (const version of [4, 9, 10]) {
      await cache.invalidate('a', version)
      const read = await readOne(cache, 'a')
      assert.equal(read.fenceVersion, version)
      tokens.push(String(read.token))
    }
    await cache.forget(['a'])
    await cache.invalidate('a', 10)
    tokens.push(await tokenOf(cache, 'a'))
    assert.equal(new Set(tokens).size, tokens.length, 'a token was used twice')
  },

  'a call whose signal is aborted settles, and the cache goes on': async ({ cache }) => {
    await cache.open('store')
    const call = { signal: AbortSignal.abort() }
    const token = await tokenOf(cache, 'a')
    await Promise.allSettled([cache.read([{ name: 'a' }], call), cache.fill([], call), cache.forget(['b'], call)])
    const late = new AbortController()
    await cache.read([{ name: 'a' }], { signal: late.signal })
    late.abort()
    assert.equal(await tokenOf(cache, 'a'), token)
  },

  'closing one client, even twice, leaves its peers working': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('store')
    await other.open('store')
    const token = await tokenOf(other, 'a')
    await other.close()
    await other.close()
    await kept(cache, flagFill('a', token, 1, null))
  },
}
