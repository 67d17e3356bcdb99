import assert from 'node:assert/strict'
import type { FlagStore, Prerequisite } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Scenarios } from './case.ts'
import { refused } from './expect-refused.ts'
import type { StoreFixture } from './store-fixture.ts'

const ROUNDS = 8
const CHAIN = 60

function requiring(...flags: readonly string[]): { readonly requires: readonly Prerequisite[] } {
  return { requires: flags.map((flag) => ({ flag })) }
}

async function createAll(store: FlagStore, flags: Readonly<Record<string, readonly string[]>>): Promise<void> {
  for (const [name, requires] of Object.entries(flags)) await store.create({ name, ...requiring(...requires) })
}

/** Expects the call to be refused because of this cycle, and nothing to have changed. */
async function refusedCycle(store: FlagStore, write: () => Promise<unknown>, ...path: readonly [string, ...string[]]): Promise<void> {
  const before = await store.loadAll()
  const { message } = await refused(write(), 'PREREQUISITE_CYCLE', path[0])
  assert.ok(message.includes(path.join(' → ')), `the message does not show the path ${path.join(' → ')}: ${message}`)
  assert.deepEqual(await store.loadAll(), before)
}

/** At once, each flag is made to require the next one, the last the first. Answers how many writes were refused. */
async function closeRing(clients: readonly FlagStore[], names: readonly string[]): Promise<number> {
  const outcomes = await Promise.allSettled(
    names.map((name, index) =>
      (clients[index % clients.length] as FlagStore).update(name, requiring(names[(index + 1) % names.length] as string)),
    ),
  )
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue
    const error: unknown = outcome.reason
    assert.ok(error instanceof FlagsError && error.code === 'PREREQUISITE_CYCLE', String(error))
  }
  return outcomes.filter(({ status }) => status === 'rejected').length
}

/** A flag never comes to require itself. */
export const storePrerequisites: Scenarios<StoreFixture> = {
  'a flag may require flags that exist and flags that do not': async ({ store }) => {
    await store.create({ name: 'existing' })
    const { after } = await store.create({ name: 'a', ...requiring('existing', 'missing') })
    assert.deepEqual(after && 'requires' in after && after.requires, requiring('existing', 'missing').requires)
    await store.delete('existing')
    assert.deepEqual((await store.load(['a'])).flags.get('a'), after)
  },

  'a flag that would require itself is refused': async ({ store }) => {
    await store.create({ name: 'a' })
    const outcomes = await Promise.allSettled([store.update('a', requiring('b', 'a')), store.create({ name: 'b', ...requiring('b') })])
    for (const outcome of outcomes) assert.equal(outcome.status, 'rejected')
    assert.equal((await store.loadAll()).flags.size, 1)
  },

  'two flags that would require each other are refused, with the path': async ({ store, peer }) => {
    const other = await peer()
    await createAll(store, { a: ['b'], b: [] })
    await refusedCycle(store, () => store.update('b', requiring('a')), 'b', 'a', 'b')
    await refusedCycle(store, () => other.update('b', { rollout: 5, ...requiring('x', 'a') }), 'b', 'a', 'b')
  },

  'a cycle through several flags is refused, by its shortest path': async ({ store }) => {
    await createAll(store, { a: ['b'], b: ['c', 'far'], far: ['farther'], farther: ['c'], c: [] })
    await refusedCycle(store, () => store.update('c', requiring('a')), 'c', 'a', 'b', 'c')
    await refusedCycle(store, () => store.update('c', requiring('farther', 'a')), 'c', 'farther', 'c')
  },

  'a flag whose creation would close a cycle is refused': async ({ store }) => {
    await createAll(store, { a: ['b'], b: ['c'] })
    await refusedCycle(store, () => store.create({ name: 'c', ...requiring('a') }), 'c', 'a', 'b', 'c')
    await store.create({ name: 'c', ...requiring('d') })
  },

  'a deleted flag is part of no cycle until it is created again': async ({ store }) => {
    await createAll(store, { a: ['b'], b: ['c'], c: [] })
    await store.delete('b')
    await store.update('c', requiring('a'))
    await refusedCycle(store, () => store.create({ name: 'b', ...requiring('c') }), 'b', 'c', 'a', 'b')
    await store.create({ name: 'b' })
  },

  'a removed prerequisite closes no cycle': async ({ store }) => {
    await createAll(store, { a: ['b'], b: [], c: [] })
    await store.update('a', requiring('c'))
    await store.update('b', requiring('a'))
    await store.update('a', { requires: null })
    await store.update('c', requiring('b'))
    await refusedCycle(store, () => store.update('a', requiring('c')), 'a', 'c', 'b', 'a')
  },

  'flags that require one flag in several ways are no cycle': async ({ store }) => {
    await createAll(store, { base: [], left: ['base'], right: ['base'], top: ['left', 'right', 'base'] })
    await store.update('left', requiring('base', 'right'))
    await refusedCycle(store, () => store.update('base', requiring('top')), 'base', 'top', 'base')
  },

  'a long chain is no cycle until it is closed': async ({ store }) => {
    const names = Array.from({ length: CHAIN }, (_, index) => `link-${index}`)
    for (const [index, name] of names.entries()) await store.create({ name, ...requiring(`link-${index + 1}`) })
    const last = names.at(-1) as string
    await store.update(last, requiring('elsewhere'))
    const { message } = await refused(store.update(last, requiring('link-0')), 'PREREQUISITE_CYCLE', last)
    assert.ok(message.includes('link-0'), message)
  },

  'where writers together would close a cycle, one is refused': async ({ store, peer }) => {
    const clients = [store, await peer()]
    for (let round = 0; round < ROUNDS; round += 1) {
      const names = Array.from({ length: 2 + (round % 3) }, (_, index) => `round-${round}-${index}`)
      for (const name of names) await store.create({ name })
      assert.equal(await closeRing(clients, names), 1, `of ${names.length} writers`)
    }
  },
}
