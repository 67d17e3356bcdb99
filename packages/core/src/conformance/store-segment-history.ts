import assert from 'node:assert/strict'
import type { FlagStore, LoadedRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { assertChanges } from './assert-changes.ts'
import { needed, type Scenarios } from './case.ts'
import { eventually } from './eventually.ts'
import { hintRecorder } from './hint-recorder.ts'
import type { StoreFixture } from './store-fixture.ts'

const ROUNDS = 25

/** The number that `numberBoth` gave the record. */
function numberOf(loaded: LoadedRecord | undefined): number {
  assert.ok(loaded && !(loaded instanceof FlagsError), `expected a record, received ${String(loaded)}`)
  return Number(loaded.description)
}

/** Numbers the flag, then the segment, in each round. */
async function numberBoth(store: FlagStore): Promise<void> {
  for (let round = 1; round <= ROUNDS; round += 1) {
    await store.update('a', { description: String(round) })
    await store.segments.update('a', { description: String(round) })
  }
}

/** Flags and segments have one history: one clock, one log, one kind of hint, one snapshot. */
export const storeSegmentHistory: Scenarios<StoreFixture> = {
  'versions rise over flags and segments together': async ({ store, peer }) => {
    const other = await peer()
    const changes = [
      await store.create({ name: 'a' }),
      await other.segments.create({ name: 'a' }),
      await store.update('a', { rollout: 1 }),
      await other.segments.update('a', { members: ['x'] }),
      await store.segments.delete('a'),
      await other.delete('a'),
    ]
    for (const [index, { version }] of changes.entries()) {
      assert.ok(version > (changes[index - 1]?.version ?? 0), `version ${version} does not rise`)
    }
    const last = changes.at(-1)
    assert.deepEqual((await store.head()).cursor, { version: last?.version, id: last?.id })
  },

  'the log lists segments by their keys, among the flags': async ({ store }) => {
    const flag = await store.create({ name: 'a' })
    const { cursor } = await store.head()
    await store.segments.create({ name: 'a' })
    await store.segments.create({ name: 'gone' })
    const other = await store.create({ name: 'b' })
    const updated = await store.segments.update('a', { members: ['x'] })
    const gone = await store.segments.delete('gone')
    const answer = await store.changesSince(cursor)
    assert.ok(answer.kind === 'changes')
    const byVersion = [...answer.changed].sort((one, two) => one.version - two.version)
    assert.deepEqual(byVersion, [
      { name: 'b', version: other.version, flag: other.after },
      { name: 'segment:a', version: updated.version, flag: updated.after },
      { name: 'segment:gone', version: gone.version, flag: null },
    ])
    assert.deepEqual(answer.cursor, { version: gone.version, id: gone.id })
    assert.ok(flag.version < other.version)
  },

  'the history of a segment has its changes as their writes answered them, newest first, in pages': async ({ store, peer }) => {
    const other = await peer()
    const changes = [
      await store.segments.create({ name: 'a', members: ['x'] }, { actor: 'ada', reason: 'start' }),
      await other.segments.update('a', { members: null }, { actor: 'bob' }),
      await store.segments.delete('a', { reason: 'end' }),
    ].reverse()
    await store.create({ name: 'a' })
    assert.deepEqual(await store.history('segment:a'), changes)
    assert.deepEqual(await store.history('segment:a', { limit: 1 }), changes.slice(0, 1))
    assert.deepEqual(await store.history('segment:a', { before: changes[0]?.version as number }), changes.slice(1))
    assert.deepEqual(await store.history('segment:never'), [])
  },

  'a load takes flags and segments mixed': async ({ store }) => {
    const [flag, made] = [await store.create({ name: 'a' }), await store.segments.create({ name: 'b', members: ['x'] })]
    const names = ['segment:b', 'a', 'segment:a', 'b', 'segment:', 'segment:segment:b', 'segment:b']
    const { flags, asOf } = await store.load(names)
    assert.deepEqual(flags, new Map(names.map((name) => [name, name === 'a' ? flag.after : name === 'segment:b' ? made.after : null])))
    assert.equal(asOf, made.version)
    const all = await store.loadAll()
    assert.deepEqual(
      all.flags,
      new Map([
        ['a', flag.after],
        ['segment:b', made.after],
      ]),
    )
    assert.deepEqual(all.cursor, { version: made.version, id: made.id })
  },

  'flags and segments of one load are of one snapshot': async ({ store, peer }) => {
    const other = await peer()
    for (const { create } of [store, store.segments]) await create.call(store, { name: 'a', description: '0' })
    let writing = true
    const done = numberBoth(store).finally(() => {
      writing = false
    })
    done.catch(() => {})
    while (writing) {
      for (const { flags, asOf } of [await other.load(['segment:a', 'a']), await other.loadAll()]) {
        const [flag, segment] = [flags.get('a'), flags.get('segment:a')]
        const ahead = numberOf(flag) - numberOf(segment)
        assert.ok(ahead === 0 || ahead === 1, `the flag is ${ahead} ahead of the segment`)
        const newest = [flag, segment].map((loaded) => (loaded && 'version' in loaded ? loaded.version : 0))
        assert.equal(Math.max(...newest), asOf)
      }
    }
    await done
  },

  'a watcher hears of segments by their keys': async ({ store, peer }) => {
    const watch = needed(store.watch, 'watch() on this store').bind(store)
    const recorder = hintRecorder()
    const end = await watch(recorder)
    await eventually(() => recorder.resyncs > 0, 'onResync after the first subscription')
    const { segments } = await peer()
    const changes = [
      await segments.create({ name: 'a' }),
      await segments.update('a', { members: ['x'] }),
      await segments.create({ name: `x${'y'.repeat(127)}` }),
      await segments.delete('a'),
    ]
    for (const { flag, version, operation } of changes) {
      await eventually(() => recorder.heard(flag, version), `the hint of the ${operation} of ${flag}`)
    }
    assert.ok(!recorder.heard('a'), 'a hint named a segment as a flag')
    await end()
  },

  'refused writes of segments add nothing to the log': async ({ store }) => {
    await store.segments.create({ name: 'a' })
    const { cursor } = await store.head()
    const { segments } = store
    await Promise.allSettled([segments.create({ name: 'a' }), segments.update('never', { members: [] }), segments.delete('never')])
    await assertChanges(store, cursor, { kind: 'changes', cursor, changed: [] })
  },

  'prune drops older entries, of flags and segments alike': async ({ store }) => {
    await store.create({ name: 'a' })
    await store.segments.create({ name: 'a' })
    const newest = await store.segments.update('a', { members: ['x'] })
    assert.equal(await store.prune(0), 2)
    assert.deepEqual(await store.history('a'), [])
    assert.deepEqual(await store.history('segment:a'), [newest])
    assert.deepEqual((await store.load(['segment:a'])).flags.get('segment:a'), newest.after)
  },

  'a segment of a newer schema is an error in its place, and affects no other record': async ({ store, overwrite }) => {
    const put = needed(overwrite, 'overwrite() in this harness')
    await store.segments.create({ name: 'a' })
    const flag = await store.create({ name: 'a' })
    await put('segment:a', { schema: 99 })
    for (const { flags } of [await store.load(['a', 'segment:a']), await store.loadAll()]) {
      const error = flags.get('segment:a')
      assert.ok(error instanceof FlagsError && error.code === 'RECORD_TOO_NEW', String(error))
      assert.deepEqual(flags.get('a'), flag.after)
    }
    await assert.rejects(store.segments.update('a', {}), (error) => error instanceof FlagsError && error.code === 'RECORD_TOO_NEW')
    const { before } = await store.segments.delete('a')
    assert.ok(before instanceof FlagsError)
  },

  'a flag with unreadable rules is an error in its place, and affects no other record': async ({ store, overwrite }) => {
    const put = needed(overwrite, 'overwrite() in this harness')
    await store.create({ name: 'a', rules: [{ when: [] }] })
    const other = await store.create({ name: 'b', rules: [{ when: [] }] })
    await put('a', { rules: [{ when: [{ attribute: 'x', operator: 'resembles', value: 1 }] }] })
    for (const { flags } of [await store.load(['a', 'b']), await store.loadAll()]) {
      const error = flags.get('a')
      assert.ok(error instanceof FlagsError && error.code === 'PARSE_ERROR', String(error))
      assert.deepEqual(flags.get('b'), other.after)
    }
  },
}
