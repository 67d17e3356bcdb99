import assert from 'node:assert/strict'
import type { FlagCache } from '../contracts/index.ts'
import type { CacheFixture } from './cache-fixture.ts'
import { needed, type Scenarios } from './case.ts'

const KEEP_MS = 30_000

/** Two clients of one store, asking for one of two places. */
async function asking({ cache, peer }: CacheFixture): Promise<(holder: string, ttlMs?: number) => Promise<boolean>> {
  const other = await peer()
  await cache.open('store')
  await other.open('store')
  let turn = 0
  return (holder, ttlMs = KEEP_MS) => seatOf(turn++ % 2 === 0 ? cache : other, holder, ttlMs)
}

function seatOf(cache: FlagCache, holder: string, ttlMs = KEEP_MS): Promise<boolean> {
  return needed(cache.takeListenerSlot, 'takeListenerSlot() on this cache').call(cache, holder, 2, ttlMs)
}

/** takeListenerSlot. */
export const cacheListenerSlots: Scenarios<CacheFixture> = {
  'there are as many places as the caller says, for whoever comes first': async (fixture) => {
    const ask = await asking(fixture)
    assert.deepEqual([await ask('one'), await ask('two'), await ask('three'), await ask('four')], [true, true, false, false])
  },

  'of those who ask together, only so many get a place': async (fixture) => {
    const ask = await asking(fixture)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`holder-${index}`)))
    assert.equal(answers.filter(Boolean).length, 2)
  },

  'who has a place keeps it': async (fixture) => {
    const ask = await asking(fixture)
    for (const holder of ['one', 'two', 'one', 'two', 'one']) assert.equal(await ask(holder), true)
    assert.equal(await ask('three'), false)
  },

  'a place that is given back goes to another, and giving back what one does not have changes nothing': async (fixture) => {
    const ask = await asking(fixture)
    assert.deepEqual([await ask('one'), await ask('two'), await ask('three', 0), await ask('three')], [true, true, false, false])
    assert.equal(await ask('one', 0), false)
    assert.deepEqual([await ask('three'), await ask('one')], [true, false])
  },

  'a place that is not asked for again in time is free': async (fixture) => {
    const advance = needed(fixture.advance, 'advance() in this harness')
    const ask = await asking(fixture)
    await ask('one')
    await advance(15_000)
    await ask('two')
    await advance(10_000)
    assert.equal(await ask('three'), false)
    await advance(10_000)
    assert.equal(await ask('two'), true)
    assert.equal(await ask('three'), true)
    assert.equal(await ask('one'), false)
  },

  'asking again starts the time anew': async (fixture) => {
    const advance = needed(fixture.advance, 'advance() in this harness')
    const ask = await asking(fixture)
    await ask('one')
    await ask('two')
    await advance(20_000)
    await ask('one')
    await advance(20_000)
    assert.deepEqual([await ask('three'), await ask('four')], [true, false])
    assert.equal(await ask('one'), true)
  },

  'each store has places of its own': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('one')
    await other.open('two')
    const answers = [await seatOf(cache, 'a'), await seatOf(cache, 'b'), await seatOf(other, 'c'), await seatOf(other, 'd')]
    assert.deepEqual(answers, [true, true, true, true])
  },

  'before open nobody can have a place': async ({ cache }) => {
    await assert.rejects(seatOf(cache, 'one'), { code: 'CACHE_UNAVAILABLE' })
  },

  'purge frees every place': async (fixture) => {
    const ask = await asking(fixture)
    await ask('one')
    await ask('two')
    await fixture.cache.purge()
    assert.deepEqual([await ask('three'), await ask('four')], [true, true])
  },
}
