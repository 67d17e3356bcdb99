import assert from 'node:assert/strict'
import type { FlagStore, Prerequisite } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Scenarios } from './case.ts'
import { refused } from './expect-refused.ts'
import type { StoreFixture } from './store-fixture.ts'

const ROUNDS = 8
const CHAIN = 60

function on(...flags: readonly string[]): { readonly requires: readonly Prerequisite[] } {
  return { requires: flags.map((flag) => ({ flag })) }
}

async function createAll(store: FlagStore, flags: Readonly<Record<string, readonly string[]>>): Promise<void> {
  for (const [name, requires] of Object.entries(flags)) await store.create({ name, ...on(...requires) })
}

/** Expects the call to be refused because of this cycle, and nothing to have changed. */
async function refusedCycle(store: FlagStore, write: () => Promise<unknown>, ...path: readonly [string, ...string[]]): Promise<void> {
  const before = await store.loadAll()
  const { message } = await refused(write(), 'PREREQUISITE_CYCLE', path[0])
  assert.ok(message.includes(path.join(' → ')), `the message does not tell the path ${path.join(' → ')}: ${message}`)
  assert.deepEqual(await store.loadAll(), before)
}

/** Each writer lets its flag require the next one's. Answers how many were refused. */
async function ring(clients: readonly FlagStore[], names: readonly string[]): Promise<number> {
  const outcomes = await Promise.allSettled(
    names.map((name, index) =>
      (clients[index % clients.length] as FlagStore).update(name, on(names[(index + 1) % names.length] as string)),
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
  'a flag may require flags that are there and flags that are not': async ({ store }) => {
    await store.create({ name: 'there' })
    const { after } = await store.create({ name: 'a', ...on('there', 'not-there') })
    assert.deepEqual(after && 'requires' in after && after.requires, on('there', 'not-there').requires)
    await store.delete('there')
    assert.deepEqual((await store.load(['a'])).flags.get('a'), after)
  },

  'a flag that would require itself is refused': async ({ store }) => {
    await store.create({ name: 'a' })
    const outcomes = await Promise.allSettled([store.update('a', on('b', 'a')), store.create({ name: 'b', ...on('b') })])
    for (const outcome of outcomes) assert.equal(outcome.status, 'rejected')
    assert.equal((await store.loadAll()).flags.size, 1)
  },

  'two flags that would require each other are refused, with the path': async ({ store, peer }) => {
    const other = await peer()
    await createAll(store, { a: ['b'], b: [] })
    await refusedCycle(store, () => store.update('b', on('a')), 'b', 'a', 'b')
    await refusedCycle(store, () => other.update('b', { rollout: 5, ...on('x', 'a') }), 'b', 'a', 'b')
  },

  'a cycle through several flags is refused, by its shortest path': async ({ store }) => {
    await createAll(store, { a: ['b'], b: ['c', 'far'], far: ['farther'], farther: ['c'], c: [] })
    await refusedCycle(store, () => store.update('c', on('a')), 'c', 'a', 'b', 'c')
    await refusedCycle(store, () => store.update('c', on('farther', 'a')), 'c', 'farther', 'c')
  },

  'a flag whose coming would close a cycle is refused': async ({ store }) => {
    await createAll(store, { a: ['b'], b: ['c'] })
    await refusedCycle(store, () => store.create({ name: 'c', ...on('a') }), 'c', 'a', 'b', 'c')
    await store.create({ name: 'c', ...on('d') })
  },

  'a deleted flag stands in no cycle until it comes back': async ({ store }) => {
    await createAll(store, { a: ['b'], b: ['c'], c: [] })
    await store.delete('b')
    await store.update('c', on('a'))
    await refusedCycle(store, () => store.create({ name: 'b', ...on('c') }), 'b', 'c', 'a', 'b')
    await store.create({ name: 'b' })
  },

  'a prerequisite that was taken back closes no cycle': async ({ store }) => {
    await createAll(store, { a: ['b'], b: [], c: [] })
    await store.update('a', on('c'))
    await store.update('b', on('a'))
    await store.update('a', { requires: null })
    await store.update('c', on('b'))
    await refusedCycle(store, () => store.update('a', on('c')), 'a', 'c', 'b', 'a')
  },

  'flags that require one flag by several ways are no cycle': async ({ store }) => {
    await createAll(store, { base: [], left: ['base'], right: ['base'], top: ['left', 'right', 'base'] })
    await store.update('left', on('base', 'right'))
    await refusedCycle(store, () => store.update('base', on('top')), 'base', 'top', 'base')
  },

  'a long chain is no cycle until it is closed': async ({ store }) => {
    const names = Array.from({ length: CHAIN }, (_, index) => `link-${index}`)
    for (const [index, name] of names.entries()) await store.create({ name, ...on(`link-${index + 1}`) })
    const last = names.at(-1) as string
    await store.update(last, on('elsewhere'))
    const { message } = await refused(store.update(last, on('link-0')), 'PREREQUISITE_CYCLE', last)
    assert.ok(message.includes('link-0'), message)
  },

  'of writers who would close a cycle together, one is refused': async ({ store, peer }) => {
    const clients = [store, await peer()]
    for (let round = 0; round < ROUNDS; round += 1) {
      const names = Array.from({ length: 2 + (round % 3) }, (_, index) => `round-${round}-${index}`)
      for (const name of names) await store.create({ name })
      assert.equal(await ring(clients, names), 1, `of ${names.length} writers`)
    }
  },
}
