import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Flags, FlagsError, type FlagsOptions, type Loaded, type LoadedRecord } from '../../src/index.ts'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

const inStaff = { attribute: 'targetingKey', operator: 'inSegment', value: 'staff' } as const

/** A process without a shared cache, whose loads of this key wait until the gate opens. */
async function clientWithSlowLoad(
  key: string,
  options: Partial<FlagsOptions> = {},
): Promise<{ readonly flags: Flags; readonly opened: ReturnType<typeof gate> }> {
  const opened = gate()
  const store = around(fleet.store, {
    load: async (next, names, call) => {
      if (names.includes(key)) await opened.opened
      return await next(names, call)
    },
  })
  const flags = fleet.client({ store, cache: undefined as never, ...options })
  await flags.ready()
  return { flags, opened }
}

/** A process without a shared cache that cannot use the records under these keys. */
function clientWithUnusable(...keys: string[]): Flags {
  const unusable = (loaded: Loaded): Loaded => {
    const broken = keys.filter((key) => loaded.flags.has(key)).map((key): [string, LoadedRecord] => [key, corrupt(key)])
    return { ...loaded, flags: new Map([...loaded.flags, ...broken]) }
  }
  const store = around(fleet.store, {
    load: async (next, ...args) => unusable(await next(...args)),
    loadAll: async (next, ...args) => ({ ...(await next(...args)), ...unusable(await next(...args)) }),
  })
  return fleet.client({ store, cache: undefined as never })
}

function corrupt(key: string): FlagsError {
  return new FlagsError('PARSE_ERROR', `${key} is stored wrongly.`, { flag: key })
}

describe('a flag that this process changes while its dependencies are read', () => {
  test('is answered as changed', async () => {
    await fleet.store.segments.create({ name: 'staff', members: ['ada'] })
    await fleet.store.create({ name: 'debug', rules: [{ when: [inStaff] }] })
    const { flags, opened } = await clientWithSlowLoad('segment:staff')
    const answer = flags.evaluate('debug', 'ada')
    await settle()
    const { version } = await flags.admin.update('debug', { enabled: false })
    opened.open()
    expect(await answer).toMatchObject({ enabled: false, reason: 'DISABLED', version })
  })

  test('is answered as absent where this process deletes it', async () => {
    await fleet.store.create({ name: 'base', rollout: 100 })
    await fleet.store.create({ name: 'top', rollout: 100, requires: [{ flag: 'base' }] })
    const { flags, opened } = await clientWithSlowLoad('base')
    const answer = flags.evaluate('top', 'ada')
    await settle()
    await flags.admin.delete('top')
    opened.open()
    expect(await answer).toMatchObject({ enabled: false, errorCode: 'FLAG_NOT_FOUND' })
  })

  test('is the default where it changes during every read', async () => {
    await fleet.store.create({ name: 'base', rollout: 100 })
    await fleet.store.create({ name: 'top', rollout: 100, requires: [{ flag: 'base' }] })
    const store = around(fleet.store, {
      load: async (next, names, call) => {
        const loaded = await next(names, call)
        if (names.includes('base')) await flags.admin.update('top', { owner: `team-${Math.random()}` })
        return loaded
      },
    })
    const flags = fleet.client({ store, cache: undefined as never, memory: false })
    expect(await flags.evaluate('top', 'ada')).toMatchObject({ source: 'default', errorCode: 'GENERAL' })
  })
})

test('a flag that another process changes meanwhile is read again once the log has the change', async () => {
  await fleet.store.segments.create({ name: 'staff', members: ['ada'] })
  await fleet.store.create({ name: 'debug', rules: [{ when: [inStaff] }] })
  const { flags, opened } = await clientWithSlowLoad('segment:staff', { memory: false })
  const answer = flags.evaluate('debug', 'ada')
  await settle()
  await fleet.store.update('debug', { enabled: false })
  await settle()
  opened.open()
  expect(await answer).toMatchObject({ enabled: false, reason: 'DISABLED', version: 3 })
})

test('a prerequisite that changes while its own prerequisites are read is read again', async () => {
  await fleet.store.create({ name: 'deep', rollout: 100 })
  await fleet.store.create({ name: 'base', rollout: 100, requires: [{ flag: 'deep' }] })
  await fleet.store.create({ name: 'top', rollout: 100, requires: [{ flag: 'base' }] })
  const { flags, opened } = await clientWithSlowLoad('deep')
  const answer = flags.evaluate('top', 'ada')
  await settle()
  await flags.admin.update('base', { enabled: false })
  opened.open()
  expect(await answer).toMatchObject({ enabled: false, unmet: 'base' })
})

describe('two flags that change in one transaction', () => {
  let isLogGone: boolean
  let flags: Flags

  // `top` is in memory as it was, `base` is not. Then `top` no longer requires `base`, which is off now: at no moment was `top` off.
  beforeEach(async () => {
    await fleet.store.create({ name: 'base', rollout: 100 })
    await fleet.store.create({ name: 'top', rollout: 100, requires: [{ flag: 'base' }] })
    isLogGone = false
    let isBaseGone = true
    const store = around(fleet.store, {
      load: (next, names, call) => (isBaseGone && names.includes('base') ? Promise.reject(new Error('gone')) : next(names, call)),
      changesSince: (next, ...args) => (isLogGone ? Promise.reject(new Error('gone')) : next(...args)),
    })
    flags = fleet.deaf({ store, cache: undefined as never })
    await flags.evaluate('top', 'ada')
    await fleet.clock.advance(1_000)
    isBaseGone = false
    await Promise.all([fleet.store.update('top', { requires: null }), fleet.store.update('base', { enabled: false })])
  })

  test('are seen both or neither, where one is in memory and the other is read', async () => {
    expect(await flags.evaluate('top', 'ada')).toMatchObject({ enabled: true, reason: 'STATIC' })
  })

  test('are seen both or neither, where both are in memory and one of them was read after the change', async () => {
    expect(await flags.isEnabled('base', 'ada')).toBe(false)
    expect(await flags.evaluate('top', 'ada')).toMatchObject({ enabled: true, reason: 'STATIC' })
  })

  test('are answered as STALE where the log cannot be read', async () => {
    isLogGone = true
    expect(await flags.evaluate('top', 'ada')).toMatchObject({ reason: 'STALE' })
  })
})

describe('an answer that rests on several records', () => {
  beforeEach(async () => {
    await fleet.store.create({ name: 'base', rollout: 100 })
    await fleet.store.create({ name: 'top', rollout: 100, requires: [{ flag: 'base' }] })
  })

  test('is as of the oldest record', async () => {
    const flags = fleet.deaf({ cache: undefined as never })
    await flags.isEnabled('base', 'ada')
    await fleet.store.create({ name: 'filler' })
    const sources = ['store', 'memory']
    for (const source of sources) expect(await flags.evaluate('top', 'ada')).toMatchObject({ enabled: true, asOf: 2, source })
  })

  test('needs the log only where they are of different moments', async () => {
    const store = around(fleet.store)
    const flags = fleet.deaf({ store, cache: undefined as never })
    await flags.ready()
    await fleet.store.create({ name: 'filler' })
    for (let round = 0; round < 3; round++) await flags.evaluate('top', 'ada')
    expect((await flags.evaluate('top', 'ada')).asOf).toBe(3)
    expect(store.calls['changesSince']).toBeUndefined()
  })

  test('is refused where a record is known to be older than `minVersion`', async () => {
    let isGone = false
    const gone = new FlagsError('RECORD_TOO_NEW', 'base is too new.', { flag: 'base' })
    const store = around(fleet.store, {
      load: async (next, ...args) => {
        const loaded = await next(...args)
        return isGone && loaded.flags.has('base') ? { ...loaded, flags: new Map([...loaded.flags, ['base', gone]]) } : loaded
      },
      changesSince: async (next, ...args) => {
        const changes = await next(...args)
        return changes.kind === 'lost' ? changes : { ...changes, changed: changes.changed.map((change) => ({ ...change, flag: gone })) }
      },
    })
    const flags = fleet.deaf({ store, cache: undefined as never })
    await flags.evaluate('top', 'ada')
    isGone = true
    const { version } = await fleet.store.update('base', { enabled: false })
    expect(await flags.evaluate('top', 'ada', { minVersion: version })).toMatchObject({ errorCode: 'VERSION_NOT_REACHED' })
    expect(await flags.evaluate('top', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', asOf: 2 })
  })
})

describe('a dependency that cannot be used', () => {
  test('does not matter where the answer does not need it', async () => {
    await fleet.store.create({ name: 'off', enabled: false })
    await fleet.store.create({ name: 'base', rollout: 100 })
    await fleet.store.segments.create({ name: 'staff', members: ['ada'] })
    await fleet.store.create({ name: 'top', rollout: 100, requires: [{ flag: 'off' }, { flag: 'base' }] })
    const everybody = { when: [{ attribute: 'targetingKey', operator: 'exists' }] } as const
    await fleet.store.create({ name: 'debug', rules: [everybody, { when: [inStaff] }] })
    const flags = clientWithUnusable('base', 'segment:staff')
    const snapshot = await flags.snapshot()
    const top = { enabled: false, reason: 'DEFAULT', unmet: 'off' }
    const debug = { enabled: true, reason: 'TARGETING_MATCH', rule: { index: 0 } }
    for (const found of [await flags.evaluate('top', 'ada'), snapshot.evaluate('top', 'ada')]) expect(found).toMatchObject(top)
    for (const found of [await flags.evaluate('debug', 'ada'), snapshot.evaluate('debug', 'ada')]) expect(found).toMatchObject(debug)
    expect((await flags.explain('debug', 'ada')).trace?.decision).toMatchObject(debug)
  })

  test('makes the answer the default, in the client, its snapshot and explain', async () => {
    await fleet.store.create({ name: 'base', rollout: 100 })
    await fleet.store.segments.create({ name: 'staff', members: ['ada'] })
    await fleet.store.create({ name: 'top', rollout: 100, requires: [{ flag: 'base' }] })
    await fleet.store.create({ name: 'debug', rollout: 100, rules: [{ when: [inStaff], rollout: 0 }] })
    const flags = clientWithUnusable('base', 'segment:staff')
    const snapshot = await flags.snapshot()
    for (const name of ['top', 'debug']) {
      const unknown = { enabled: true, reason: 'ERROR', source: 'default', errorCode: 'PARSE_ERROR' }
      const options = { default: true }
      expect(await flags.evaluate(name, 'ada', options)).toMatchObject(unknown)
      expect(snapshot.evaluate(name, 'ada', options)).toMatchObject(unknown)
      expect([await flags.isEnabled(name, 'ada', options), snapshot.isEnabled(name, 'ada', options)]).toEqual([true, true])
      expect(snapshot.value(name, 'ada', { default: 'unknown' })).toBe('unknown')
      expect((await flags.explain(name, 'ada')).trace).toBeUndefined()
    }
  })
})
