import assert from 'node:assert/strict'
import type { ChannelListener, FlagStore, Unsubscribe } from '../contracts/index.ts'
import { needed, type Scenarios } from './case.ts'
import { eventually } from './eventually.ts'
import { type HintRecorder, hintRecorder } from './hint-recorder.ts'
import type { StoreFixture } from './store-fixture.ts'

async function watching(store: FlagStore): Promise<{ readonly heard: HintRecorder; readonly end: Unsubscribe }> {
  needed(store.watch, 'watch() on this store')
  const heard = hintRecorder()
  const end = await (store.watch as (listener: ChannelListener) => Promise<Unsubscribe>).call(store, heard)
  await eventually(() => heard.resyncs > 0, 'onResync after the first subscription')
  return { heard, end }
}

/** watch. */
export const storeWatch: Scenarios<StoreFixture> = {
  'a watcher is told to resync once it is subscribed': async ({ store }) => {
    const { heard, end } = await watching(store)
    assert.equal(heard.resyncs, 1)
    assert.deepEqual(heard.hints, [])
    await end()
  },

  "a watcher hears of each of a peer's changes": async ({ store, peer }) => {
    const other = await peer()
    const { heard, end } = await watching(store)
    const changes = [
      await other.create({ name: 'a' }),
      await other.update('a', { rollout: 1 }),
      await other.create({ name: `x${'y'.repeat(127)}` }),
      await other.delete('a'),
    ]
    for (const { flag, version, operation } of changes) {
      await eventually(() => heard.heard(flag, version), `the hint of the ${operation} of ${flag}`)
    }
    await end()
  },

  'every watcher hears of a change': async ({ store, peer }) => {
    const [one, two] = [await watching(store), await watching(await peer())]
    const { version } = await store.create({ name: 'a' })
    await eventually(() => one.heard.heard('a', version), "the hint at the writer's own watcher")
    await eventually(() => two.heard.heard('a', version), "the hint at the peer's watcher")
    await one.end()
    await two.end()
  },

  'a hint comes after its change can be read': async ({ store, peer }) => {
    const other = await peer()
    const { heard, end } = await watching(store)
    const writing = other.create({ name: 'a' })
    await eventually(() => heard.heard('a'), 'the hint')
    const loaded = await store.load(['a'])
    assert.equal(loaded.asOf, (await writing).version)
    assert.deepEqual(loaded.flags.get('a'), (await writing).after)
    await end()
  },

  'who has unsubscribed hears nothing more, and may unsubscribe twice': async ({ store, peer }) => {
    const other = await peer()
    const gone = await watching(store)
    const stays = await watching(store)
    await gone.end()
    await gone.end()
    await other.create({ name: 'a' })
    await eventually(() => stays.heard.heard('a'), 'the hint at the watcher that stayed')
    assert.deepEqual(gone.heard.hints, [])
    await stays.end()
    const again = await watching(store)
    await other.create({ name: 'b' })
    await eventually(() => again.heard.heard('b'), 'the hint at a later watcher')
    await again.end()
  },

  'a refused write makes no hint': async ({ store, peer }) => {
    const other = await peer()
    await store.create({ name: 'a' })
    const { heard, end } = await watching(store)
    await Promise.allSettled([other.create({ name: 'a' }), other.update('a', { rollout: 1 }, { expectedVersion: 0 })])
    await other.create({ name: 'last' })
    await eventually(() => heard.heard('last'), 'the hint of the last change')
    assert.ok(!heard.heard('a'))
    await end()
  },
}
