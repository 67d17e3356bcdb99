import assert from 'node:assert/strict'
import type { FlagPatch, FlagRecord, LoadedRecord, NewFlag } from '../contracts/index.ts'
import type { Scenarios } from './case.ts'
import { refused } from './expect-refused.ts'
import type { StoreFixture } from './store-fixture.ts'

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/

const FULL: NewFlag = {
  name: 'full',
  description: 'Ünïcödé 😀, "quotes", \\ backslash, \' and\nlines\ttoo; $1 {} [] null',
  owner: "o'neil",
  tags: ['zeta', 'alpha', 'a"b', 'a,b', '{}', 'null'],
  expiresAt: '2031-12-31T23:59:59.123Z',
  enabled: false,
  rollout: 2.007,
  salt: 'some salt',
}

function record(loaded: LoadedRecord | undefined): FlagRecord {
  assert.ok(loaded && 'name' in loaded && 'rollout' in loaded, `expected a record, received ${String(loaded)}`)
  return loaded
}

/** create, update and delete that succeed; and patches that leave a record invalid. */
export const storeWrites: Scenarios<StoreFixture> = {
  'create fills in the defaults: enabled, for nobody': async ({ store }) => {
    const change = await store.create({ name: 'a' })
    const { createdAt, updatedAt, ...rest } = record(change.after)
    assert.deepEqual(rest, { name: 'a', schema: 1, enabled: true, rollout: 0, hashVersion: 1, version: change.version })
    assert.match(createdAt, ISO)
    assert.equal(updatedAt, createdAt)
  },

  'create answers the change: from nothing to the record': async ({ store }) => {
    const change = await store.create({ name: 'a' }, { actor: 'ada', reason: 'because' })
    assert.equal(change.flag, 'a')
    assert.equal(change.operation, 'create')
    assert.equal(change.before, null)
    assert.deepEqual(change.after, (await store.load(['a'])).flags.get('a'))
    assert.equal(change.actor, 'ada')
    assert.equal(change.reason, 'because')
    assert.match(change.at, ISO)
    assert.notEqual(change.id, '')
  },

  'every field comes back as it was written': async ({ store, peer }) => {
    await store.create(FULL)
    const {
      schema: _,
      hashVersion: __,
      version: ___,
      createdAt: ____,
      updatedAt: _____,
      ...fields
    } = record((await (await peer()).load(['full'])).flags.get('full'))
    assert.deepEqual(fields, FULL)
  },

  'rollouts keep their three decimals': async ({ store }) => {
    await store.create({ name: 'a' })
    for (const rollout of [0.001, 2.007, 33.333, 50, 99.999, 100, 0]) {
      await store.update('a', { rollout })
      assert.equal(record((await store.load(['a'])).flags.get('a')).rollout, rollout)
    }
  },

  'update changes what the patch names, and nothing else': async ({ store }) => {
    const created = await store.create(FULL)
    const updated = await store.update('full', { rollout: 75, tags: ['only'] }, { actor: 'bob' })
    const { version, updatedAt, ...rest } = record(updated.after)
    const { version: _, updatedAt: __, ...old } = record(created.after)
    assert.deepEqual(rest, { ...old, rollout: 75, tags: ['only'] })
    assert.equal(version, updated.version)
    assert.ok(updatedAt >= rest.createdAt)
    assert.equal(updated.operation, 'update')
    assert.equal(updated.actor, 'bob')
    assert.deepEqual(updated.before, created.after)
    assert.deepEqual((await store.load(['full'])).flags.get('full'), updated.after)
  },

  'null in a patch removes an optional field': async ({ store }) => {
    await store.create(FULL)
    await store.update('full', { description: null, owner: null, tags: null, expiresAt: null, salt: null })
    const left = record((await store.load(['full'])).flags.get('full'))
    for (const field of ['description', 'owner', 'tags', 'expiresAt', 'salt']) assert.ok(!(field in left), `${field} is still there`)
    assert.equal(left.rollout, FULL.rollout)
    await store.update('full', { owner: 'again' })
    assert.equal(record((await store.load(['full'])).flags.get('full')).owner, 'again')
  },

  'a patch that would leave the record invalid is refused and changes nothing': async ({ store }) => {
    const { after } = await store.create({ name: 'a', rollout: 10 })
    const { cursor } = await store.head()
    const patches: readonly unknown[] = [{ rollout: 101 }, { rollout: null }, { enabled: null }, { description: 'x'.repeat(2_001) }]
    for (const patch of patches) await refused(store.update('a', patch as FlagPatch), 'INVALID_FLAG', 'a')
    assert.deepEqual((await store.load(['a'])).flags.get('a'), after)
    assert.deepEqual((await store.head()).cursor, cursor)
  },

  'delete answers the change: from the record to nothing': async ({ store }) => {
    const created = await store.create({ name: 'a' })
    const deleted = await store.delete('a', { actor: 'ada', reason: 'unused' })
    assert.equal(deleted.flag, 'a')
    assert.equal(deleted.operation, 'delete')
    assert.deepEqual(deleted.before, created.after)
    assert.equal(deleted.after, null)
    assert.equal(deleted.actor, 'ada')
    assert.equal(deleted.reason, 'unused')
    assert.ok(deleted.version > created.version)
    assert.equal((await store.load(['a'])).flags.get('a'), null)
  },

  'a flag that is created again is new, under a higher version': async ({ store }) => {
    await store.create({ name: 'a', owner: 'first', rollout: 50 })
    const deleted = await store.delete('a')
    const again = await store.create({ name: 'a' })
    assert.ok(again.version > deleted.version)
    assert.equal(again.before, null)
    assert.equal(record(again.after).rollout, 0)
    assert.ok(!('owner' in record(again.after)))
  },

  'versions rise over all flags and are never given out twice, not even by a delete': async ({ store, peer }) => {
    const other = await peer()
    const changes = [await store.create({ name: 'a' }), await other.create({ name: 'b' })]
    for (let round = 0; round < 3; round += 1) {
      changes.push(await store.update('a', { rollout: round }), await other.delete('b'), await store.create({ name: 'b' }))
    }
    for (const [index, { version }] of changes.entries()) {
      assert.ok(Number.isSafeInteger(version))
      assert.ok(version > (changes[index - 1]?.version ?? 0), `version ${version} does not rise`)
    }
    assert.equal(new Set(changes.map(({ id }) => id)).size, changes.length, 'ids repeat')
  },

  'actor and reason may be as long as the contract says, in any script': async ({ store }) => {
    const meta = { actor: '名'.repeat(200), reason: '"; drop table\n😀'.padEnd(2_000, 'é') }
    await store.create({ name: 'a' }, meta)
    const [change] = await store.history('a')
    assert.equal(change?.actor, meta.actor)
    assert.equal(change?.reason, meta.reason)
  },
}
