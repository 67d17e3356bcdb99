import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FlagRecord, FlagsError, type NewFlag, type SegmentRecord } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

describe('ensure', () => {
  test('creates what does not exist, with actor and reason', async () => {
    const { admin } = fleet.client()
    const flag = await admin.ensure({ name: 'new_feature', rollout: 50 }, { actor: 'ada', reason: 'start' })
    expect(flag).toEqual(await admin.get('new_feature'))
    expect(flag.rollout).toBe(50)
    expect(await admin.history('new_feature')).toMatchObject([{ operation: 'create', actor: 'ada', reason: 'start' }])
    const segment = await admin.segments.ensure({ name: 'beta', members: ['ada'] }, { actor: 'ada' })
    expect(segment).toEqual(await admin.segments.get('beta'))
    expect(await admin.segments.history('beta')).toMatchObject([{ operation: 'create', actor: 'ada' }])
  })

  test('returns what exists, unchanged', async () => {
    const { admin } = fleet.client()
    const { flag } = await admin.create({ name: 'new_feature', rollout: 10 })
    const { segment } = await admin.segments.create({ name: 'beta', members: ['ada'] })
    expect(await admin.ensure({ name: 'new_feature', rollout: 50, owner: 'team-a' })).toEqual(flag)
    expect(await admin.segments.ensure({ name: 'beta', members: ['ben'] })).toEqual(segment)
    expect((await fleet.store.head()).cursor.version).toBe(2)
  })

  test('called many times at once creates one, which all callers get', async () => {
    const admins = Array.from({ length: 8 }, () => fleet.client().admin)
    const flags = await Promise.all(admins.map((admin, index) => admin.ensure({ name: 'new_feature', rollout: index })))
    const segments = await Promise.all(admins.map((admin, index) => admin.segments.ensure({ name: 'beta', members: [`user-${index}`] })))
    expect(new Set(flags.map(({ rollout }) => rollout)).size).toBe(1)
    expect(new Set(segments.map(({ members }) => members?.[0])).size).toBe(1)
    expect((await fleet.store.head()).cursor.version).toBe(2)
  })

  test('tries again where the flag was created and deleted meanwhile, three times in all', async () => {
    let deletes = 1
    const racedStore = around(fleet.store, {
      create: async (next, ...args) => {
        if (deletes-- <= 0) return await next(...args)
        throw new FlagsError('FLAG_EXISTS', 'Another process was faster.')
      },
    })
    const { admin } = fleet.client({ store: racedStore })
    expect(await admin.ensure({ name: 'new_feature', rollout: 7 })).toMatchObject({ rollout: 7 })
    deletes = 100
    await expect(admin.ensure({ name: 'other' })).rejects.toMatchObject({ code: 'FLAG_EXISTS' })
    expect(racedStore.calls['create']).toBe(5)
  })

  test('makes this process answer what another one created, also without a hint', async () => {
    const flags = fleet.deaf()
    const inBeta = { attribute: 'targetingKey', operator: 'inSegment', value: 'beta' } as const
    const flag: NewFlag = { name: 'new_feature', rules: [{ when: [inBeta] }] }
    expect((await flags.evaluate('new_feature', 'ada')).errorCode).toBe('FLAG_NOT_FOUND')
    await fleet.store.create(flag)
    await flags.admin.ensure(flag)
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, reason: 'DEFAULT' })
    await fleet.store.segments.create({ name: 'beta', members: ['ada'] })
    await fleet.clock.until(flags.admin.segments.ensure({ name: 'beta' }))
    expect(await flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('refuses what `create` would refuse, also where the name exists', async () => {
    const { admin } = fleet.client()
    await admin.create({ name: 'new_feature' })
    await admin.segments.create({ name: 'beta' })
    for (const fields of [{ rollout: 101 }, { rules: [{ when: [{ attribute: 'x', operator: 'matches', value: '(' }] }] }]) {
      await expect(admin.ensure({ name: 'new_feature', ...fields } as NewFlag)).rejects.toMatchObject({ code: 'INVALID_FLAG' })
    }
    await expect(admin.ensure({ name: 'no name' })).rejects.toMatchObject({ code: 'INVALID_NAME' })
    await expect(admin.ensure({ name: 'new_feature' }, { actor: 7 } as never)).rejects.toMatchObject({ code: 'INVALID_FLAG' })
    await expect(admin.segments.ensure({ name: 'beta', members: [''] })).rejects.toMatchObject({ code: 'INVALID_FLAG' })
    await expect(admin.segments.ensure({ name: 'beta' }, { actor: 7 } as never)).rejects.toMatchObject({
      code: 'INVALID_FLAG',
      message: expect.stringMatching(/^Segment beta: the change is described wrongly/),
    })
  })

  test('rejects, and creates nothing, where the record cannot be read', async () => {
    const broken = new FlagsError('RECORD_TOO_NEW', 'Flag new_feature is too new.')
    const store = around(fleet.store, {
      load: async (next, names, call) => {
        const loaded = await next(names, call)
        return { ...loaded, flags: new Map(names.map((name): [string, FlagsError] => [name, broken])) }
      },
    })
    const { admin } = fleet.client({ store })
    await expect(admin.ensure({ name: 'new_feature' })).rejects.toBe(broken)
    await expect(admin.segments.ensure({ name: 'beta' })).rejects.toBe(broken)
    expect(store.calls['create']).toBeUndefined()
  })

  test('rejects once the client is closed', async () => {
    const flags = fleet.client()
    await fleet.clock.until(flags.close())
    const ensured: Promise<FlagRecord | SegmentRecord>[] = [flags.admin.ensure({ name: 'a' }), flags.admin.segments.ensure({ name: 'a' })]
    for (const each of ensured) await expect(each).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

test('every error about a segment calls it a segment', async () => {
  const gone = (): Promise<never> => Promise.reject(new Error('gone'))
  const readable = around(fleet.store, { load: gone, history: gone })
  const store = new Proxy(readable, {
    get: (on, key) => (key === 'segments' ? { create: gone, update: gone, delete: gone } : (Reflect.get(on, key) as unknown)),
  })
  const { segments } = fleet.client({ store }).admin
  const failing = { code: 'STORE_UNAVAILABLE', message: expect.stringMatching(/^Segment beta: the store cannot be used/) as string }
  await expect(segments.create({ name: 'beta' })).rejects.toMatchObject(failing)
  await expect(segments.get('beta')).rejects.toMatchObject(failing)
  const wrongly = { message: expect.stringMatching(/^Segment beta: the change is described wrongly/) as string, flag: 'segment:beta' }
  await expect(segments.create({ name: 'beta' }, { reason: 7 } as never)).rejects.toMatchObject(wrongly)
  await expect(segments.update('beta', {}, { reason: 7 } as never)).rejects.toMatchObject(wrongly)
  await expect(segments.delete('beta', { expectedVersion: -1 })).rejects.toMatchObject(wrongly)
  const page = { message: expect.stringMatching(/^Segment beta: this page of its history/) as string }
  await expect(segments.history('beta', { limit: 0 })).rejects.toMatchObject(page)
})
