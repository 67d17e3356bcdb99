import assert from 'node:assert/strict'
import type { Call, FlagStore, FlagUse, FlagUses } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { needed, type Scenarios } from './case.ts'
import { eventually } from './eventually.ts'
import { HOSTILE_NAMES } from './samples.ts'
import type { StoreFixture } from './store-fixture.ts'

interface Tracked {
  note(uses: readonly FlagUse[], call?: Call): Promise<void>
  /** In one order, whatever the store's is. */
  last(): Promise<FlagUses>
}

function tracked(store: FlagStore): Tracked {
  const note = needed(store.noteUses, 'noteUses() on this store').bind(store)
  const last = needed(store.lastUses, 'lastUses() on this store').bind(store)
  return {
    note,
    async last() {
      const { uses, ...rest } = await last()
      const keyOf = ({ flag, enabled, variant = '' }: FlagUse): string => JSON.stringify([flag, enabled, variant])
      return { ...rest, uses: [...uses].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) }
    },
  }
}

/** So many hours after a moment of long ago. */
function at(hours: number): string {
  return new Date(Date.UTC(2020, 0, 1) + hours * 3_600_000).toISOString()
}

/** noteUses, lastUses. */
export const storeUses: Scenarios<StoreFixture> = {
  'a store that was told of no use knows of none': async ({ store }) => {
    assert.deepEqual(await tracked(store).last(), { uses: [] })
  },

  'uses come back, each outcome of each flag for itself, from every client': async ({ store, peer }) => {
    for (const name of ['a', 'b']) await store.create({ name })
    const uses = [
      { flag: 'a', enabled: false, at: at(1) },
      { flag: 'a', enabled: true, at: at(2) },
      { flag: 'a', enabled: true, variant: 'new', at: at(3) },
      { flag: 'a', enabled: true, variant: 'ünïcödé "😀"', at: at(4) },
      { flag: 'b', enabled: true, at: at(5) },
    ]
    await tracked(store).note(uses)
    assert.deepEqual(await tracked(await peer()).last(), { since: at(1), uses })
  },

  'the latest use counts, in whatever order uses come': async ({ store, peer }) => {
    await store.create({ name: 'a' })
    const [one, other] = [tracked(store), tracked(await peer())]
    const use = (hours: number): FlagUse => ({ flag: 'a', enabled: true, at: at(hours) })
    await one.note([use(10), use(30), use(20)])
    assert.deepEqual((await other.last()).uses, [use(30)])
    for (const hours of [40, 25, 30, 0]) await other.note([use(hours)])
    assert.deepEqual((await one.last()).uses, [use(40)])
    await one.note([use(40)])
    assert.deepEqual((await one.last()).uses, [use(40)])
  },

  'a use that is less than an hour later may be passed over, but never puts the last one back': async ({ store }) => {
    await store.create({ name: 'a' })
    const { note, last } = tracked(store)
    await note([{ flag: 'a', enabled: true, at: at(10) }])
    await note([{ flag: 'a', enabled: true, at: at(10.5) }])
    const [use] = (await last()).uses
    assert.ok(use?.at === at(10) || use?.at === at(10.5), use?.at)
  },

  'it stays known since when uses are told': async ({ store }) => {
    await store.create({ name: 'a' })
    const { note, last } = tracked(store)
    await note([{ flag: 'a', enabled: true, at: at(10) }])
    await note([{ flag: 'a', enabled: true, at: at(50) }])
    await note([{ flag: 'a', enabled: false, at: at(60) }])
    assert.equal((await last()).since, at(10))
  },

  'a use in the future counts as of now': async ({ store }) => {
    await store.create({ name: 'a' })
    const { note, last } = tracked(store)
    await note([{ flag: 'a', enabled: true, at: new Date(Date.now() + 86_400_000 * 365).toISOString() }])
    const [use] = (await last()).uses
    assert.ok(Date.parse(String(use?.at)) < Date.now() + 3_600_000, use?.at)
  },

  'a use of a flag that does not exist does no harm': async ({ store }) => {
    await store.create({ name: 'b' })
    const { note, last } = tracked(store)
    const known = { flag: 'b', enabled: true, at: at(1) }
    await note([{ flag: 'a', enabled: true, at: at(1) }, known, { flag: 'constructor', enabled: false, at: at(1) }])
    assert.deepEqual(
      (await last()).uses.filter(({ flag }) => flag === 'b'),
      [known],
    )
  },

  'uses make no change: clock, log, records and hints stay as they are': async ({ store }) => {
    await store.create({ name: 'a' })
    const [head, all] = [await store.head(), await store.loadAll()]
    const hints: number[] = []
    const unsubscribe = await store.watch?.({ onHint: ({ version }) => hints.push(version), onResync: () => {}, onDown: () => {} })
    const { note } = tracked(store)
    await note([{ flag: 'a', enabled: true, at: at(1) }])
    assert.deepEqual([await store.head(), await store.loadAll()], [head, all])
    assert.equal((await store.history('a')).length, 1)
    const { version } = await store.update('a', { rollout: 1 })
    // A hint for the use would come before that for the change.
    if (unsubscribe !== undefined) await eventually(() => hints.includes(version), `a hint for version ${version}`)
    await unsubscribe?.()
    assert.deepEqual(new Set(hints), new Set(unsubscribe && [version]))
  },

  'many who note the same at once, each in an order of its own, are all heard': async ({ store, peer }) => {
    const names = [...HOSTILE_NAMES]
    for (const name of names) await store.create({ name })
    const clients = [store, await peer(), await peer()].map(tracked)
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const uses = names.map((flag): FlagUse => ({ flag, enabled: true, at: at(2 * ((index * 5) % 12)) }))
        return clients[index % clients.length]?.note(index % 2 ? uses.reverse() : uses)
      }),
    )
    const { uses } = await tracked(store).last()
    assert.deepEqual(new Set(uses.map(({ flag }) => flag)), new Set(names))
    assert.deepEqual(new Set(uses.map((use) => use.at)), new Set([at(22)]))
  },

  'a thousand uses are noted at once': async ({ store }) => {
    const names = Array.from({ length: 20 }, (_, index) => `flag-${index}`)
    for (const name of names) await store.create({ name })
    const { note, last } = tracked(store)
    const uses = names.flatMap((flag) =>
      Array.from({ length: 50 }, (_, index): FlagUse => ({ flag, enabled: true, variant: `v${index}`, at: at(1) })),
    )
    await note(uses)
    assert.equal((await last()).uses.length, 1_000)
  },

  'prune drops the uses of flags that are gone, and no others': async ({ store }) => {
    for (const name of ['a', 'b']) await store.create({ name })
    const { note, last } = tracked(store)
    const uses = ['a', 'b'].map((flag): FlagUse => ({ flag, enabled: true, at: at(1) }))
    await note(uses)
    await store.delete('a')
    await store.prune(10_000)
    assert.deepEqual((await last()).uses, uses.slice(1))
  },

  'noting with a signal that is aborted settles, with a FlagsError where it fails, and the store goes on': async ({ store }) => {
    await store.create({ name: 'a' })
    const { note, last } = tracked(store)
    const use = { flag: 'a', enabled: true, at: at(1) }
    const [outcome] = await Promise.allSettled([note([use], { signal: AbortSignal.abort() })])
    if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof FlagsError, String(outcome.reason))
    await note([use])
    assert.deepEqual((await last()).uses, [use])
  },
}
