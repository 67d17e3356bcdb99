import assert from 'node:assert/strict'
import type { FlagCache } from '../contracts/index.ts'
import type { CacheFixture } from './cache-fixture.ts'
import { needed, type Scenarios } from './case.ts'

const KEEP_MS = 30_000

/** Takes one of two slots, by turns through two clients of one store. */
async function slotTaker({ cache, peer }: CacheFixture): Promise<(holder: string, ttlMs?: number) => Promise<boolean>> {
  const other = await peer()
  await cache.open('store')
  await other.open('store')
  let calls = 0
  return (holder, ttlMs = KEEP_MS) => takeSlot(calls++ % 2 === 0 ? cache : other, holder, ttlMs)
}

function takeSlot(cache: FlagCache, holder: string, ttlMs = KEEP_MS): Promise<boolean> {
  return needed(cache.takeListenerSlot, 'takeListenerSlot() on this cache').call(cache, holder, 2, ttlMs)
}

/** takeListenerSlot. */
export const cacheListenerSlots: Scenarios<CacheFixture> = {
  'as many holders as the caller allows have a slot, first come, first served': async (fixture) => {
    const take = await slotTaker(fixture)
    assert.deepEqual([await take('one'), await take('two'), await take('three'), await take('four')], [true, true, false, false])
  },

  'where many holders ask at once, no more than allowed get a slot': async (fixture) => {
    const take = await slotTaker(fixture)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => take(`holder-${index}`)))
    assert.equal(answers.filter(Boolean).length, 2)
  },

  'a holder that asks again keeps its slot': async (fixture) => {
    const take = await slotTaker(fixture)
    for (const holder of ['one', 'two', 'one', 'two', 'one']) assert.equal(await take(holder), true)
    assert.equal(await take('three'), false)
  },

  'a slot that is given back goes to another holder, and giving back a slot without having one changes nothing': async (fixture) => {
    const take = await slotTaker(fixture)
    assert.deepEqual([await take('one'), await take('two'), await take('three', 0), await take('three')], [true, true, false, false])
    assert.equal(await take('one', 0), false)
    assert.deepEqual([await take('three'), await take('one')], [true, false])
  },

  'a slot whose holder does not ask again in time is free': async (fixture) => {
    const advance = needed(fixture.advance, 'advance() in this harness')
    const take = await slotTaker(fixture)
    await take('one')
    await advance(15_000)
    await take('two')
    await advance(10_000)
    assert.equal(await take('three'), false)
    await advance(10_000)
    assert.equal(await take('two'), true)
    assert.equal(await take('three'), true)
    assert.equal(await take('one'), false)
  },

  'asking again restarts the time': async (fixture) => {
    const advance = needed(fixture.advance, 'advance() in this harness')
    const take = await slotTaker(fixture)
    await take('one')
    await take('two')
    await advance(20_000)
    await take('one')
    await advance(20_000)
    assert.deepEqual([await take('three'), await take('four')], [true, false])
    assert.equal(await take('one'), true)
  },

  'each store has its own slots': async ({ cache, peer }) => {
    const other = await peer()
    await cache.open('one')
    await other.open('two')
    const answers = [await takeSlot(cache, 'a'), await takeSlot(cache, 'b'), await takeSlot(other, 'c'), await takeSlot(other, 'd')]
    assert.deepEqual(answers, [true, true, true, true])
  },

  'before open no slot can be taken': async ({ cache }) => {
    await assert.rejects(takeSlot(cache, 'one'), { code: 'CACHE_UNAVAILABLE' })
  },

  'purge frees every slot': async (fixture) => {
    const take = await slotTaker(fixture)
    await take('one')
    await take('two')
    await fixture.cache.purge()
    assert.deepEqual([await take('three'), await take('four')], [true, true])
  },
}
