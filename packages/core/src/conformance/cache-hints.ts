import assert from 'node:assert/strict'
import type { ChannelListener, FlagCache, Unsubscribe } from '../contracts/index.ts'
import { flagFill, kept, tokenOf } from './cache-assertions.ts'
import type { CacheFixture } from './cache-fixture.ts'
import { needed, type Scenarios } from './case.ts'
import { eventually } from './eventually.ts'
import { type HintRecorder, hintRecorder } from './hint-recorder.ts'

async function subscribed(cache: FlagCache): Promise<{ readonly recorder: HintRecorder; readonly end: Unsubscribe }> {
  needed(cache.subscribe, 'subscribe() on this cache')
  const recorder = hintRecorder()
  const end = await (cache.subscribe as (listener: ChannelListener) => Promise<Unsubscribe>).call(cache, recorder)
  await eventually(() => recorder.resyncs > 0, 'onResync after the first subscription')
  return { recorder, end }
}

/** Two clients of one store; the first one listens. */
async function listening({
  cache,
  peer,
}: CacheFixture): Promise<{ readonly other: FlagCache; readonly recorder: HintRecorder; end: Unsubscribe }> {
  const other = await peer()
  await cache.open('store')
  await other.open('store')
  return { other, ...(await subscribed(cache)) }
}

/** subscribe. */
export const cacheHints: Scenarios<CacheFixture> = {
  'a subscriber is told to resync once it is subscribed': async (fixture) => {
    const { recorder, end } = await listening(fixture)
    assert.equal(recorder.resyncs, 1)
    assert.deepEqual(recorder.hints, [])
    await end()
  },

  "a subscriber hears of each of a peer's invalidations": async (fixture) => {
    const { other, recorder, end } = await listening(fixture)
    const name = `x${'y'.repeat(127)}`
    await other.invalidate('a', 3)
    await other.invalidate('a', 4)
    await other.invalidate(name, Number.MAX_SAFE_INTEGER)
    await eventually(() => recorder.heard('a', 3) && recorder.heard('a', 4), 'the hints for a')
    await eventually(() => recorder.heard(name, Number.MAX_SAFE_INTEGER), 'the hint for a long name and the largest version')
    await end()
  },

  'every subscriber hears of an invalidation': async (fixture) => {
    const { other, recorder, end } = await listening(fixture)
    const second = await subscribed(other)
    await other.invalidate('a', 3)
    await eventually(() => recorder.heard('a', 3), "the hint at the peer's subscriber")
    await eventually(() => second.recorder.heard('a', 3), "the hint at the invalidator's own subscriber")
    await end()
    await second.end()
  },

  'only the call that raises a fence publishes': async (fixture) => {
    const { other, recorder, end } = await listening(fixture)
    await other.invalidate('a', 5)
    for (const version of [5, 4, 5, 1]) await other.invalidate('a', version)
    await Promise.all([other.invalidate('b', 2), fixture.cache.invalidate('b', 2), other.invalidate('b', 2)])
    await other.invalidate('last', 9)
    await eventually(() => recorder.heard('a', 5) && recorder.heard('b', 2) && recorder.heard('last', 9), 'the hints')
    assert.deepEqual(recorder.hints.map(({ name, version }) => `${name} ${version}`).sort(), ['a 5', 'b 2', 'last 9'])
    await end()
  },

  'reads, fills and forget publish nothing': async (fixture) => {
    const { other, recorder, end } = await listening(fixture)
    await kept(other, flagFill('a', await tokenOf(other, 'a'), 3, null))
    await other.forget(['a'])
    await other.invalidate('last', 9)
    await eventually(() => recorder.heard('last'), 'the hint of the invalidation')
    assert.ok(!recorder.heard('a'))
    await end()
  },

  'a hint comes after its fence can be read': async (fixture) => {
    const { other, recorder, end } = await listening(fixture)
    const invalidation = other.invalidate('a', 3)
    await eventually(() => recorder.heard('a'), 'the hint')
    const [read] = await fixture.cache.read([{ name: 'a' }])
    assert.equal(read?.fenceVersion, 3)
    await invalidation
    await end()
  },

  'a subscriber that has unsubscribed gets no more hints, and may unsubscribe twice': async (fixture) => {
    const { other, recorder, end } = await listening(fixture)
    const stays = await subscribed(fixture.cache)
    await end()
    await end()
    await other.invalidate('a', 3)
    await eventually(() => stays.recorder.heard('a'), 'the hint at the subscriber that stayed')
    assert.deepEqual(recorder.hints, [])
    await stays.end()
    const again = await subscribed(fixture.cache)
    await other.invalidate('b', 3)
    await eventually(() => again.recorder.heard('b'), 'the hint at a later subscriber')
    await again.end()
  },
}
