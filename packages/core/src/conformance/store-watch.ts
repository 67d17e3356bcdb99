import assert from 'node:assert/strict'
import type { ChannelListener, FlagStore, Unsubscribe } from '../contracts/index.ts'
import { needed, type Scenarios } from './case.ts'
import { eventually } from './eventually.ts'
import { type HintRecorder, hintRecorder } from './hint-recorder.ts'
import type { StoreFixture } from './store-fixture.ts'

async function watching(store: FlagStore): Promise<{ readonly recorder: HintRecorder; readonly end: Unsubscribe }> {
  needed(store.watch, 'watch() on this store')
  const recorder = hintRecorder()
  const end = await (store.watch as (listener: ChannelListener) => Promise<Unsubscribe>).call(store, recorder)
  await eventually(() => recorder.resyncs > 0, 'onResync after the first subscription')
  return { recorder, end }
}

/** watch. */
export const storeWatch: Scenarios<StoreFixture> = {
  'a watcher is told to resync once it is subscribed': async ({ store }) => {
    const { recorder, end } = await watching(store)
    assert.equal(recorder.resyncs, 1)
    assert.deepEqual(recorder.hints, [])
    await end()
  },

  "a watcher hears of each of a peer's changes": async ({ store, peer }) => {
    const other = await peer()
    const { recorder, end } = await watching(store)
    const changes = [
      await other.create({ name: 'a' }),
      await other.update('a', { rollout: 1 }),
      await other.create({ name: `x${'y'.repeat(127)}` }),
      await other.delete('a'),
    ]
    for (const { flag, version, operation } of changes) {
      await eventually(() => recorder.heard(flag, version), `the hint of the ${operation} of ${flag}`)
    }
    await end()
  },

  'every watcher hears of a change': async ({ store, peer }) => {
    const [one, two] = [await watching(store), await watching(await peer())]
    const { version } = await store.create({ name: 'a' })
    await eventually(() => one.recorder.heard('a', version), "the hint at the writer's own watcher")
    await eventually(() => two.recorder.heard('a', version), "the hint at the peer's watcher")
    await one.end()
    await two.end()
  },

  'a hint comes after its change can be read': async ({ store, peer }) => {
    const other = await peer()
    const { recorder, end } = await watching(store)
    const writing = other.create({ name: 'a' })
    await eventually(() => recorder.heard('a'), 'the hint')
    const loaded = await store.load(['a'])
    assert.equal(loaded.asOf, (await writing).version)
    assert.deepEqual(loaded.flags.get('a'), (await writing).after)
    await end()
  },

  'a watcher that has unsubscribed gets no more hints, and may unsubscribe twice': async ({ store, peer }) => {
    const other = await peer()
    const gone = await watching(store)
    const stays = await watching(store)
    await gone.end()
    await gone.end()
    await other.create({ name: 'a' })
    await eventually(() => stays.recorder.heard('a'), 'the hint at the watcher that stayed')
    assert.deepEqual(gone.recorder.hints, [])
    await stays.end()
    const again = await watching(store)
    await other.create({ name: 'b' })
    await eventually(() => again.recorder.heard('b'), 'the hint at a later watcher')
    await again.end()
  },

  'a refused write makes no hint': async ({ store, peer }) => {
    const other = await peer()
    await store.create({ name: 'a' })
    const { recorder, end } = await watching(store)
    await Promise.allSettled([other.create({ name: 'a' }), other.update('a', { rollout: 1 }, { expectedVersion: 0 })])
    await other.create({ name: 'last' })
    await eventually(() => recorder.heard('last'), 'the hint of the last change')
    assert.ok(!recorder.heard('a'))
    await end()
  },
}
