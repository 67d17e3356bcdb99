import assert from 'node:assert/strict'
import type { LoadedRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { needed, type Scenarios } from './case.ts'
import type { StoreFixture } from './store-fixture.ts'

function expectUnusable(loaded: LoadedRecord | undefined, code: 'RECORD_TOO_NEW' | 'PARSE_ERROR'): void {
  assert.ok(loaded instanceof FlagsError, `expected a FlagsError, received ${JSON.stringify(loaded)}`)
  assert.equal(loaded.code, code)
  assert.equal(loaded.flag, 'a')
}

async function overwritten({ store, overwrite }: StoreFixture, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const put = needed(overwrite, 'overwrite() in this harness')
  await store.create({ name: 'a' })
  await store.create({ name: 'b' })
  await put('a', fields)
}

/** Records that this build cannot use. */
export const storeUnreadableRecords: Scenarios<StoreFixture> = {
  'a record of a newer schema is an error in its place, and affects no other flag': async (fixture) => {
    await overwritten(fixture, { schema: 99, somethingNew: true })
    const { store } = fixture
    const { flags } = await store.load(['a', 'b'])
    expectUnusable(flags.get('a'), 'RECORD_TOO_NEW')
    assert.ok(flags.get('b') !== null && !(flags.get('b') instanceof FlagsError))
    const all = await store.loadAll()
    expectUnusable(all.flags.get('a'), 'RECORD_TOO_NEW')
    assert.equal(all.flags.size, 2)
  },

  'a record that breaks the schema is an error in its place, and affects no other flag': async (fixture) => {
    await overwritten(fixture, { rollout: 'half' })
    const { flags } = await fixture.store.load(['a', 'b'])
    expectUnusable(flags.get('a'), 'PARSE_ERROR')
    assert.ok(flags.get('b') !== null && !(flags.get('b') instanceof FlagsError))
  },

  'the log lists a record of a newer schema as an error': async (fixture) => {
    await overwritten(fixture, { schema: 99 })
    const answer = await fixture.store.changesSince({ version: 0, id: '' })
    assert.ok(answer.kind === 'changes')
    expectUnusable(answer.changed.find(({ name }) => name === 'a')?.flag, 'RECORD_TOO_NEW')
  },

  'a record of a newer schema cannot be patched, and stays as it is': async (fixture) => {
    await overwritten(fixture, { schema: 99 })
    const { store } = fixture
    await assert.rejects(store.update('a', { rollout: 1 }), (error) => error instanceof FlagsError && error.code === 'RECORD_TOO_NEW')
    expectUnusable((await store.load(['a'])).flags.get('a'), 'RECORD_TOO_NEW')
  },

  'a record of a newer schema can be deleted': async (fixture) => {
    await overwritten(fixture, { schema: 99 })
    const { store } = fixture
    const change = await store.delete('a')
    expectUnusable(change.before, 'RECORD_TOO_NEW')
    assert.equal((await store.load(['a'])).flags.get('a'), null)
  },
}
