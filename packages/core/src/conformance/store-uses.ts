import assert from 'node:assert/strict'
import type { Call, FlagStore, FlagUse, FlagUses } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { needed, type Scenarios } from './case.ts'
import { eventually } from './eventually.ts'
import { HOSTILE_NAMES } from './samples.ts'
import type { StoreFixture } from './store-fixture.ts'

interface UseClient {
  note(uses: readonly FlagUse[], call?: Call): Promise<void>
  /** Sorted by flag, outcome and variant. */
  last(): Promise<FlagUses>
}

function useClient(store: FlagStore): UseClient {
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

/** This many hours after the start of 2020, in UTC. */
function at(hours: number): string {
  return new Date(Date.UTC(2020, 0, 1) + hours * 3_600_000).toISOString()
}

/** noteUses, lastUses. */
export const storeUses: Scenarios<StoreFixture> = {
  'a store that was told of no use has none': async ({ store }) => {
    assert.deepEqual(await useClient(store).last(), { uses: [] })
  },

  'uses come back from every client, each outcome of each flag separately': async ({ store, peer }) => {
    for (const name of ['a', 'b']) await store.create({ name })
    const uses = [
      { flag: 'a', enabled: false, at: at(1) },
      { flag: 'a', enabled: true, at: at(2) },
      { flag: 'a', enabled: true, variant: 'new', at: at(3) },
      { flag: 'a', enabled: true, variant: 'ünïcödé "😀"', at: at(4) },
      { flag: 'b', enabled: true, at: at(5) },
    ]
    await useClient(store).note(uses)
    assert.deepEqual(await useClient(await peer()).last(), { since: at(1), uses })
  },

  'the latest use counts, in whatever order uses arrive': async ({ store, peer }) => {
    await store.create({ name: 'a' })
    const [one, other] = [useClient(store), useClient(await peer())]
    const use = (hours: number): FlagUse => ({ flag: 'a', enabled: true, at: at(hours) })
    await one.note([use(10), use(30), use(20)])
    assert.deepEqual((await other.last()).uses, [use(30)])
    for (const hours of [40, 25, 30, 0]) await other.note([use(hours)])
    assert.deepEqual((await one.last()).uses, [use(40)])
    await one.note([use(40)])
    assert.deepEqual((await one.last()).uses, [use(40)])
  },

  'a use less than an hour later may be skipped, but never moves the last one back': async ({ store }) => {
    await store.create({ name: 'a' })
    const { note, last } = useClient(store)
    await note([{ flag: 'a', enabled: true, at: at(10) }])
    await note([{ flag: 'a', enabled: true, at: at(10.5) }])
    const [use] = (await last()).uses
    assert.ok(use?.at === at(10) || use?.at === at(10.5), use?.at)
  },

  'the time of the earliest use stays known': async ({ store }) => {
    await store.create({ name: 'a' })
    const { note, last } = useClient(store)
    await note([{ flag: 'a', enabled: true, at: at(10) }])
    await note([{ flag: 'a', enabled: true, at: at(50) }])
    await note([{ flag: 'a', enabled: false, at: at(60) }])
    assert.equal((await last()).since, at(10))
  },

  'a use in the future counts as of now': async ({ store }) => {
    await store.create({ name: 'a' })
    const { note, last } = useClient(store)
    await note([{ flag: 'a', enabled: true, at: new Date(Date.now() + 86_400_000 * 365).toISOString() }])
    const [use] = (await last()).uses
    assert.ok(Date.parse(String(use?.at)) < Date.now() + 3_600_000, use?.at)
  },

  'a use of a flag that does not exist does no harm': async ({ store }) => {
    await store.create({ name: 'b' })
    const { note, last } = useClient(store)
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
    const { note } = useClient(store)
    await note([{ flag: 'a', enabled: true, at: at(1) }])
    assert.deepEqual([await store.head(), await store.loadAll()], [head, all])
    assert.equal((await store.history('a')).length, 1)
    const { version } = await store.update('a', { rollout: 1 })
    // A hint for the use would arrive before that for the change.
    if (unsubscribe !== undefined) await eventually(() => hints.includes(version), `a hint for version ${version}`)
    await unsubscribe?.()
    assert.deepEqual(new Set(hints), new Set(unsubscribe && [version]))
  },

  'where many note the same uses at once, each in another order, the latest of each counts': async ({ store, peer }) => {
    const names = [...HOSTILE_NAMES]
    for (const name of names) await store.create({ name })
    const clients = [store, await peer(), await peer()].map(useClient)
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const uses = names.map((flag): FlagUse => ({ flag, enabled: true, at: at(2 * ((index * 5) % 12)) }))
        return clients[index % clients.length]?.note(index % 2 ? uses.reverse() : uses)
      }),
    )
    const { uses } = await useClient(store).last()
    assert.deepEqual(new Set(uses.map(({ flag }) => flag)), new Set(names))
    assert.deepEqual(new Set(uses.map((use) => use.at)), new Set([at(22)]))
  },

  'a thousand uses can be noted together': async ({ store }) => {
    const names = Array.from({ length: 20 }, (_, index) => `flag-${index}`)
    for (const name of names) await store.create({ name })
    const { note, last } = useClient(store)
    const uses = names.flatMap((flag) =>
      Array.from({ length: 50 }, (_, index): FlagUse => ({ flag, enabled: true, variant: `v${index}`, at: at(1) })),
    )
    await note(uses)
    assert.equal((await last()).uses.length, 1_000)
  },

  'prune drops the uses of deleted flags, and no others': async ({ store }) => {
    for (const name of ['a', 'b']) await store.create({ name })
    const { note, last } = useClient(store)
    const uses = ['a', 'b'].map((flag): FlagUse => ({ flag, enabled: true, at: at(1) }))
    await note(uses)
    await store.delete('a')
    await store.prune(10_000)
    assert.deepEqual((await last()).uses, uses.slice(1))
  },

  'a call of noteUses whose signal is aborted settles, with a FlagsError where it fails, and the store goes on': async ({ store }) => {
    await store.create({ name: 'a' })
    const { note, last } = useClient(store)
    const use = { flag: 'a', enabled: true, at: at(1) }
    const [outcome] = await Promise.allSettled([note([use], { signal: AbortSignal.abort() })])
    if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof FlagsError, String(outcome.reason))
    await note([use])
    assert.deepEqual((await last()).uses, [use])
  },
}
