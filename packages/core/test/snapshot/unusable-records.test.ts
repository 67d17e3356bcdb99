import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Changes,
  defineFlags,
  type FlagStore,
  FlagsError,
  type FlagsErrorCode,
  type Loaded,
  type LoadedRecord,
} from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'

let fleet: Fleet
/** The records that this process cannot use, by key. */
let unusable: Map<string, FlagsErrorCode>
let store: FlagStore
beforeEach(() => {
  fleet = new Fleet()
  unusable = new Map()
  store = around(fleet.store, {
    load: async (next, ...args) => withErrors(await next(...args)),
    loadAll: async (next, ...args) => {
      const loaded = await next(...args)
      return { ...loaded, ...withErrors(loaded) }
    },
    changesSince: async (next, ...args) => {
      const changes = await next(...args)
      if (changes.kind === 'lost') return changes
      return { ...changes, changed: changes.changed.map((change) => ({ ...change, flag: errorOf(change.name) ?? change.flag })) }
    },
  })
})
afterEach(() => fleet.end())

function withErrors(loaded: Loaded): Loaded {
  const flags = [...loaded.flags].map(([key, record]): [string, LoadedRecord] => [key, errorOf(key) ?? record])
  return { ...loaded, flags: new Map(flags) }
}

function errorOf(key: string): FlagsError | undefined {
  const code = unusable.get(key)
  return code && new FlagsError(code, `${key} cannot be used.`, { flag: key })
}

const inStaff = { attribute: 'targetingKey', operator: 'inSegment', value: 'staff' } as const

describe('a record that cannot be used', () => {
  test('is reported, also where only snapshots are taken', async () => {
    await fleet.store.create({ name: 'one' })
    unusable.set('one', 'PARSE_ERROR')
    const snapshot = await fleet.client({ store }).snapshot()
    expect(snapshot.isEnabled('one', 'ada')).toBe(false)
    expect(fleet.errors.map(({ code, flag }) => [code, flag])).toEqual([['PARSE_ERROR', 'one']])
  })

  test('of a segment does not appear as a flag', async () => {
    await fleet.store.create({ name: 'one', rollout: 100 })
    await fleet.store.segments.create({ name: 'vip', members: ['ada'] })
    unusable.set('segment:vip', 'PARSE_ERROR')
    const snapshot = await fleet.client({ store }).snapshot()
    expect(snapshot.names).toEqual(['one'])
    expect(snapshot.evaluateAll('ada', { forClient: true })).toEqual({ one: { enabled: true } })
    expect(snapshot.evaluate('segment:vip', 'ada')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', source: 'default' })
  })

  test('of a newer build leaves the earlier one in place, STALE, for the flag and for those that depend on it', async () => {
    await fleet.store.create({ name: 'base', rollout: 100 })
    await fleet.store.segments.create({ name: 'staff', members: ['ada'] })
    await fleet.store.create({ name: 'top', rollout: 100, requires: [{ flag: 'base' }] })
    await fleet.store.create({ name: 'debug', rules: [{ when: [inStaff] }] })
    await fleet.store.create({ name: 'alone', rollout: 100 })
    const flags = fleet.deaf({ store, cache: undefined as never })
    const reasons = async (): Promise<unknown[]> => {
      const snapshot = await flags.snapshot()
      return ['base', 'top', 'debug', 'alone'].map((name) => snapshot.evaluate(name, 'ada').reason)
    }
    expect(await reasons()).toEqual(['STATIC', 'STATIC', 'TARGETING_MATCH', 'STATIC'])
    await flags.evaluate('top', 'ada')
    unusable.set('base', 'RECORD_TOO_NEW').set('segment:staff', 'RECORD_TOO_NEW')
    await fleet.store.update('base', { rollout: 50 })
    await fleet.store.segments.update('staff', { members: ['ben'] })
    await fleet.clock.advance(2_000)
    expect(await reasons()).toEqual(['STALE', 'STALE', 'STALE', 'STATIC'])
    expect(await flags.evaluate('top', 'ada')).toMatchObject({ enabled: true, reason: 'STALE' })
    unusable.clear()
    await fleet.store.update('base', { rollout: 100 })
    await fleet.store.segments.update('staff', { members: ['ada'] })
    await fleet.clock.advance(2_000)
    expect(await reasons()).toEqual(['STATIC', 'STATIC', 'TARGETING_MATCH', 'STATIC'])
  })

  test('of a newer build leaves the one in memory in place, also where no snapshot has ever had it', async () => {
    await fleet.store.create({ name: 'one', rollout: 100 })
    const flags = fleet.deaf({ store, cache: undefined as never })
    expect(await flags.evaluate('one', 'ada')).toMatchObject({ enabled: true, reason: 'STATIC' })
    unusable.set('one', 'RECORD_TOO_NEW')
    await fleet.store.update('one', { rollout: 0 })
    await fleet.clock.advance(2_000)
    expect((await flags.snapshot()).evaluate('one', 'ada')).toMatchObject({ errorCode: 'RECORD_TOO_NEW' })
    expect(await flags.evaluate('one', 'ada')).toMatchObject({ enabled: true, reason: 'STALE' })
  })

  test('of a newer build leaves the earlier one in place also where the log is lost and all flags are loaded again', async () => {
    await fleet.store.create({ name: 'one', rollout: 100 })
    let isPruned = false
    const pruned = around(store, {
      changesSince: async (next, ...args): Promise<Changes> =>
        isPruned ? { kind: 'lost', cursor: (await fleet.store.head()).cursor, why: 'pruned' } : await next(...args),
    })
    const flags = fleet.deaf({ store: pruned, cache: undefined as never })
    await flags.snapshot()
    unusable.set('one', 'RECORD_TOO_NEW')
    await fleet.store.update('one', { rollout: 0 })
    isPruned = true
    await fleet.clock.advance(2_000)
    isPruned = false
    expect((await flags.snapshot()).evaluate('one', 'ada')).toMatchObject({ enabled: true, reason: 'STALE' })
  })
})

describe('a flag with onUnavailable: throw', () => {
  const schema = defineFlags({ guard: { default: true, onUnavailable: 'throw' }, other: { default: true } })
  const client = () => fleet.client({ store, schema, cache: undefined as never })

  test('throws where it cannot be used, but not in evaluateAll', async () => {
    await fleet.store.create({ name: 'guard', rollout: 0 })
    await fleet.store.create({ name: 'other', rollout: 0 })
    unusable.set('guard', 'PARSE_ERROR').set('other', 'PARSE_ERROR')
    const snapshot = await client().snapshot()
    for (const call of ['isEnabled', 'evaluate', 'value'] as const) {
      expect(() => snapshot[call]('guard', 'ada', { default: true })).toThrow(expect.objectContaining({ code: 'PARSE_ERROR' }))
      expect(() => snapshot[call]('other', 'ada', { default: true })).not.toThrow()
    }
    expect(snapshot.evaluateAll('ada')['guard']).toMatchObject({ enabled: true, errorCode: 'PARSE_ERROR' })
  })

  test('does not throw where it is known not to exist', async () => {
    const snapshot = await client().snapshot()
    expect([snapshot.isEnabled('guard', 'ada'), snapshot.value('guard', 'ada', { default: true })]).toEqual([true, true])
  })

  test('is explained, also where its evaluation rejects', async () => {
    await fleet.store.create({ name: 'guard', rollout: 0 })
    unusable.set('guard', 'PARSE_ERROR')
    const flags = client()
    await expect(flags.evaluate('guard', 'ada')).rejects.toMatchObject({ code: 'PARSE_ERROR' })
    const { evaluation, layers } = await flags.explain('guard', 'ada')
    expect([evaluation.errorCode, layers.at(-1)]).toEqual([
      'PARSE_ERROR',
      { layer: 'store', state: 'failed', asOf: 1, why: 'guard cannot be used.' },
    ])
  })
})

test('a default may be null, in a snapshot and without', async () => {
  await fleet.store.create({ name: 'page', rollout: 100, variants: [{ name: 'none', value: null, weight: 1 }] })
  const flags = fleet.client()
  for (const name of ['page', 'missing']) {
    expect(await flags.value(name, 'ada', { default: null })).toBeNull()
    expect((await flags.snapshot()).value(name, 'ada', { default: null })).toBeNull()
  }
  await expect(flags.value('page', 'ada', {} as { default: null })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})
