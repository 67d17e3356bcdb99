import assert from 'node:assert/strict'
import type { FlagPatch, FlagRecord, JsonValue, LoadedRecord, NewFlag } from '../contracts/index.ts'
import type { Scenarios } from './case.ts'
import { refused } from './expect-refused.ts'
import type { StoreFixture } from './store-fixture.ts'

const RULED: NewFlag = {
  name: 'ruled',
  requires: [{ flag: 'other' }, { flag: 'missing', variant: 'blue' }],
  rules: [
    {
      name: 'Ünïcödé 😀, "quotes", \\ and \' too',
      when: [
        { attribute: 'company.plan', operator: 'in', value: ['pro', 'a,b', '{}', 'null', ''], not: true, ignoreCase: true },
        { attribute: 'age', operator: 'greaterOrEqual', value: 17.5 },
        { attribute: 'email', operator: 'exists' },
        { attribute: 'targetingKey', operator: 'inSegment', value: ['beta', 'missing'] },
      ],
      rollout: 2.007,
      variant: 'blue',
    },
    { when: [] },
  ],
  variants: [
    { name: 'blue', value: { colour: 'blue', nested: [1, null, { deep: true }] }, weight: 0.125 },
    { name: 'red', value: null, weight: 1_000_000 },
  ],
  ramp: { from: { at: '2026-01-01T00:00:00.000Z', rollout: 0.001 }, to: { at: '2031-12-31T23:59:59.999Z', rollout: 99.999 } },
  bucketBy: 'company.id',
}

/** Values that careless code changes on the way through a column, or through another type than JSON's. */
const VALUES: readonly JsonValue[] = [
  null,
  '',
  'null',
  '"quoted" \\ \u0001 \u2028 ünïcödé 😀',
  0.1,
  -17.5,
  1e21,
  1e-7,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  false,
  [],
  {},
  [[], [{}], null],
  { z: 1, a: null, '': '', ab: [3, 1, 2], constructor: 'own' },
]

const FIELDS = ['requires', 'rules', 'variants', 'ramp', 'bucketBy'] as const

function record(loaded: LoadedRecord | undefined): FlagRecord {
  assert.ok(loaded && 'name' in loaded && 'rollout' in loaded, `expected a flag's record, received ${String(loaded)}`)
  return loaded
}

/** The fields that decide beside the rollout: they must come back as they were written, and be absent once removed. */
export const storeRules: Scenarios<StoreFixture> = {
  'rules, variants, prerequisites, ramp and bucketBy come back as they were written': async ({ store, peer }) => {
    const { after } = await store.create(RULED)
    const loaded = record((await (await peer()).load(['ruled'])).flags.get('ruled'))
    const { name, ...fields } = RULED
    assert.deepEqual(Object.fromEntries(FIELDS.map((field) => [field, loaded[field]])), fields)
    assert.deepEqual(loaded, after)
    assert.deepEqual((await store.loadAll()).flags.get(name), after)
    assert.deepEqual((await store.history(name))[0]?.after, after)
    const answer = await store.changesSince({ version: 0, id: '' })
    assert.ok(answer.kind === 'changes')
    assert.deepEqual(answer.changed[0]?.flag, after)
  },

  'a patch replaces each of these fields whole, and null removes it': async ({ store }) => {
    await store.create({ name: 'ruled' })
    for (const field of FIELDS) {
      // A rule may give only a variant that the flag has.
      await store.update('ruled', { variants: RULED.variants ?? null, [field]: RULED[field] } as FlagPatch)
      assert.deepEqual(record((await store.load(['ruled'])).flags.get('ruled'))[field], RULED[field])
    }
    const rules = [{ when: [] }]
    await store.update('ruled', { rules, variants: [] })
    assert.deepEqual(record((await store.load(['ruled'])).flags.get('ruled')).rules, rules)
    assert.deepEqual(record((await store.load(['ruled'])).flags.get('ruled')).variants, [])
    for (const field of FIELDS) {
      const { before, after } = await store.update('ruled', { [field]: null } as FlagPatch)
      assert.ok(field in record(before), `${field} was absent`)
      assert.ok(!(field in record(after)), `${field} is still there`)
      assert.deepEqual((await store.load(['ruled'])).flags.get('ruled'), after)
    }
  },

  'a variant can have any JSON as its value': async ({ store, peer }) => {
    const variants = VALUES.map((value, index) => ({ name: `v${index}`, value, weight: 1 }))
    await store.create({ name: 'a', variants })
    for (const client of [store, await peer()]) assert.deepEqual(record((await client.load(['a'])).flags.get('a')).variants, variants)
    assert.deepEqual(record((await store.history('a'))[0]?.after).variants, variants)
  },

  'the schema of a record rises and falls with what the record uses': async ({ store }) => {
    assert.equal(record((await store.create({ name: 'a' })).after).schema, 1)
    assert.equal(record((await store.update('a', { rules: [{ when: [] }] })).after).schema, 2)
    assert.equal(record((await store.update('a', { rollout: 5 })).after).schema, 2)
    assert.equal(record((await store.update('a', { rules: null })).after).schema, 1)
    assert.equal(record((await store.create({ ...RULED, name: 'b' })).after).schema, 2)
  },

  'a patch that removes what the rest of the record needs is refused and changes nothing': async ({ store }) => {
    const { after } = await store.create(RULED)
    const { cursor } = await store.head()
    await refused(store.update('ruled', { variants: null }), 'INVALID_FLAG', 'ruled')
    await refused(store.update('ruled', { rules: [{ when: [], variant: 'green' }] }), 'INVALID_FLAG', 'ruled')
    assert.deepEqual((await store.load(['ruled'])).flags.get('ruled'), after)
    assert.deepEqual((await store.head()).cursor, cursor)
  },

  'a flag can have as many rules, variants and prerequisites as the contract says': async ({ store, peer }) => {
    const rules = Array.from({ length: 1_000 }, (_, index) => ({
      when: [{ attribute: 'targetingKey', operator: 'equals' as const, value: `user ${index}` }],
      rollout: (index % 100) + 0.125,
    }))
    const variants = Array.from({ length: 100 }, (_, index) => ({
      name: `${index}`.padEnd(100, 'é'),
      value: 'x'.repeat(1_000),
      weight: index,
    }))
    const requires = Array.from({ length: 50 }, (_, index) => ({ flag: `required-${index}`.padEnd(128, 'x'), variant: 'é'.repeat(100) }))
    const { after } = await store.create({ name: 'a', rules, variants, requires, bucketBy: 'é'.repeat(200) })
    assert.deepEqual(record(after).rules, rules)
    assert.deepEqual(record(after).requires, requires)
    assert.deepEqual((await (await peer()).load(['a'])).flags.get('a'), after)
  },
}
