import assert from 'node:assert/strict'
import type { Change, FlagStore, LoadedRecord, NewSegment, SegmentPatch, SegmentRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Scenarios } from './case.ts'
import { refused } from './expect-refused.ts'
import { HOSTILE_NAMES } from './samples.ts'
import type { StoreFixture } from './store-fixture.ts'

const FULL: NewSegment = {
  name: 'beta',
  description: 'Ünïcödé 😀, "quotes", \\ backslash, \' and\nlines\ttoo; $1 {} [] null',
  members: ['zeta', 'alpha', 'alpha', 'a"b', 'a,b', '{}', 'null', ' ', '\\', '😀', 'é'],
  when: [
    { attribute: 'company.plan', operator: 'in', value: ['pro', 'null', ''], not: true, ignoreCase: true },
    { attribute: 'age', operator: 'greaterOrEqual', value: 17.5 },
    { attribute: 'email', operator: 'exists' },
  ],
}

function record(loaded: LoadedRecord | undefined): SegmentRecord {
  assert.ok(loaded && 'version' in loaded && !('rollout' in loaded), `expected a segment's record, received ${String(loaded)}`)
  return loaded
}

async function segment(store: FlagStore, name: string): Promise<LoadedRecord | undefined> {
  return (await store.load([`segment:${name}`])).flags.get(`segment:${name}`)
}

/** segments.create, update and delete, and how their records load. */
export const storeSegments: Scenarios<StoreFixture> = {
  'a segment comes back as it was written, under its key': async ({ store, peer }) => {
    const change = await store.segments.create(FULL, { actor: 'ada', reason: 'because' })
    assert.deepEqual([change.flag, change.operation, change.before], ['segment:beta', 'create', null])
    assert.deepEqual([change.actor, change.reason], ['ada', 'because'])
    const { schema, version, createdAt, updatedAt, ...fields } = record(await segment(await peer(), 'beta'))
    assert.deepEqual(fields, FULL)
    assert.equal(version, change.version)
    assert.equal(updatedAt, createdAt)
    assert.ok(schema >= 1)
    assert.deepEqual(await segment(store, 'beta'), change.after)
  },

  'a segment can be patched, and null removes a field': async ({ store }) => {
    const created = await store.segments.create(FULL)
    const updated = await store.segments.update('beta', { members: ['only'], description: null }, { actor: 'bob' })
    const { description: _, version: __, updatedAt: ___, ...kept } = record(created.after)
    const { version, updatedAt, ...rest } = record(updated.after)
    assert.deepEqual(rest, { ...kept, members: ['only'] })
    assert.ok(version > created.version && updatedAt >= rest.createdAt)
    assert.deepEqual([updated.flag, updated.operation, updated.actor], ['segment:beta', 'update', 'bob'])
    assert.deepEqual(updated.before, created.after)
    assert.deepEqual(await segment(store, 'beta'), updated.after)
    const bare = record((await store.segments.update('beta', { members: null, when: null })).after)
    assert.ok(!('members' in bare) && !('when' in bare))
    assert.deepEqual(record((await store.segments.update('beta', { members: [], when: [] })).after).members, [])
  },

  'a deleted segment is absent, and can be created again': async ({ store }) => {
    const created = await store.segments.create(FULL)
    const deleted = await store.segments.delete('beta', { reason: 'unused' })
    assert.deepEqual([deleted.flag, deleted.operation, deleted.reason], ['segment:beta', 'delete', 'unused'])
    assert.deepEqual([deleted.before, deleted.after], [created.after, null])
    assert.equal(await segment(store, 'beta'), null)
    const again = await store.segments.create({ name: 'beta' })
    assert.ok(again.version > deleted.version)
    assert.ok(!('members' in record(again.after)))
  },

  'a segment can have 10,000 members': async ({ store, peer }) => {
    const members = Array.from({ length: 10_000 }, (_, index) => `user-${index}`.padEnd(index % 100 === 0 ? 256 : 20, 'é'))
    const { after } = await store.segments.create({ name: 'beta', members })
    assert.deepEqual(record(after).members, members)
    assert.deepEqual(await segment(await peer(), 'beta'), after)
  },

  'a patch that would leave a segment invalid is refused and changes nothing': async ({ store }) => {
    const { after } = await store.segments.create(FULL)
    const { cursor } = await store.head()
    const patches: readonly unknown[] = [{ members: [''] }, { members: ['x'.repeat(257)] }, { description: 'x'.repeat(2_001) }]
    for (const patch of patches) await refused(store.segments.update('beta', patch as SegmentPatch), 'INVALID_FLAG', 'segment:beta')
    assert.deepEqual(await segment(store, 'beta'), after)
    assert.deepEqual((await store.head()).cursor, cursor)
  },

  'creating a segment that exists, and writing one that does not, is refused': async ({ store, peer }) => {
    await store.create({ name: 'never' })
    await store.segments.create({ name: 'beta' })
    const before = await store.loadAll()
    await refused((await peer()).segments.create({ name: 'beta' }), 'SEGMENT_EXISTS', 'segment:beta')
    await refused(store.segments.update('never', { members: [] }), 'SEGMENT_NOT_FOUND', 'segment:never')
    await refused(store.segments.delete('never'), 'SEGMENT_NOT_FOUND', 'segment:never')
    // No flag can have such a name, so the methods for flags must not reach a segment by it.
    for (const name of ['segment:beta', 'segment:never']) await assert.rejects(store.delete(name))
    await assert.rejects(store.update('segment:beta', {}))
    assert.deepEqual(await store.loadAll(), before)
  },

  'a write of a segment that expects another version is refused with both versions': async ({ store }) => {
    const old = await store.segments.create({ name: 'beta' })
    const current = await store.segments.update('beta', { members: ['a'] }, { expectedVersion: old.version })
    const stale = { expectedVersion: old.version }
    for (const write of [() => store.segments.update('beta', { members: [] }, stale), () => store.segments.delete('beta', stale)]) {
      const { versions } = await refused(write(), 'VERSION_CONFLICT', 'segment:beta')
      assert.deepEqual({ ...versions }, { expected: old.version, actual: current.version })
    }
    assert.deepEqual(await segment(store, 'beta'), current.after)
    await store.segments.delete('beta', { expectedVersion: current.version })
  },

  'where many create one segment at once, one succeeds': async ({ store, peer }) => {
    const other = await peer()
    const calls = Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? store : other).segments.create({ name: 'beta', members: [`${index}`] }),
    )
    const outcomes = await Promise.allSettled(calls)
    const winners = outcomes.flatMap((outcome): Change[] => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    assert.equal(winners.length, 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      const error: unknown = outcome.reason
      assert.ok(error instanceof FlagsError && error.code === 'SEGMENT_EXISTS', String(error))
    }
    assert.deepEqual(await segment(store, 'beta'), winners[0]?.after)
  },

  'a flag and a segment of one name are independent': async ({ store }) => {
    const names = HOSTILE_NAMES.filter((_, index) => index % 3 === 0)
    for (const name of names) {
      const flag = await store.create({ name })
      assert.equal(await segment(store, name), null, `${name} exists before it was created`)
      const made = await store.segments.create({ name, description: `this is ${name}` })
      await store.delete(name)
      assert.deepEqual(await segment(store, name), made.after)
      assert.equal((await store.load([name])).flags.get(name), null)
      assert.deepEqual(
        (await store.history(name)).map(({ version }) => version),
        [made.version + 1, flag.version],
      )
      assert.deepEqual(await store.history(`segment:${name}`), [made])
    }
    const { flags } = await store.loadAll()
    assert.deepEqual(new Set(flags.keys()), new Set(names.map((name) => `segment:${name}`)))
  },
}
