import assert from 'node:assert/strict'
import type { LoadedRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { needed, type Scenarios } from './case.ts'
import type { StoreWorld } from './store-world.ts'

function unusable(loaded: LoadedRecord | undefined, code: 'RECORD_TOO_NEW' | 'PARSE_ERROR'): void {
  assert.ok(loaded instanceof FlagsError, `expected a FlagsError, received ${JSON.stringify(loaded)}`)
  assert.equal(loaded.code, code)
  assert.equal(loaded.flag, 'a')
}

async function overwritten({ store, overwrite }: StoreWorld, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const put = needed(overwrite, 'overwrite() in this harness')
  await store.create({ name: 'a' })
  await store.create({ name: 'b' })
  await put('a', fields)
}

/** Records that this build cannot use. */
export const storeOverwritten: Scenarios<StoreWorld> = {
  'a record of a newer schema is an error in its place, and spoils no other flag': async (world) => {
    await overwritten(world, { schema: 99, somethingNew: true })
    const { store } = world
    const { flags } = await store.load(['a', 'b'])
    unusable(flags.get('a'), 'RECORD_TOO_NEW')
    assert.ok(flags.get('b') !== null && !(flags.get('b') instanceof FlagsError))
    const all = await store.loadAll()
    unusable(all.flags.get('a'), 'RECORD_TOO_NEW')
    assert.equal(all.flags.size, 2)
  },

  'a record that breaks the schema is an error in its place, and spoils no other flag': async (world) => {
    await overwritten(world, { rollout: 'half' })
    const { flags } = await world.store.load(['a', 'b'])
    unusable(flags.get('a'), 'PARSE_ERROR')
    assert.ok(flags.get('b') !== null && !(flags.get('b') instanceof FlagsError))
  },

  'the log tells a record of a newer schema as an error': async (world) => {
    await overwritten(world, { schema: 99 })
    const answer = await world.store.changesSince({ version: 0, id: '' })
    assert.ok(answer.kind === 'changes')
    unusable(answer.changed.find(({ name }) => name === 'a')?.flag, 'RECORD_TOO_NEW')
  },

  'a record of a newer schema cannot be patched, and stays as it is': async (world) => {
    await overwritten(world, { schema: 99 })
    const { store } = world
    await assert.rejects(store.update('a', { rollout: 1 }), (error) => error instanceof FlagsError && error.code === 'RECORD_TOO_NEW')
    unusable((await store.load(['a'])).flags.get('a'), 'RECORD_TOO_NEW')
  },

  'a record of a newer schema can be deleted': async (world) => {
    await overwritten(world, { schema: 99 })
    const { store } = world
    const change = await store.delete('a')
    unusable(change.before, 'RECORD_TOO_NEW')
    assert.equal((await store.load(['a'])).flags.get('a'), null)
  },
}
