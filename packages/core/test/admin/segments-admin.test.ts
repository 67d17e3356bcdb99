import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FlagRecord, LoadedRecord, NewSegment, SegmentPatch } from '../../src/index.ts'
import { FlagsError } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

describe('the administration of segments', () => {
  test('creates, reads, updates and deletes, and keeps the history', async () => {
    const { admin } = fleet.client()
    const created = await admin.segments.create({ name: 'beta', members: ['ada'] }, { actor: 'bob', reason: 'start' })
    expect(created).toMatchObject({ segment: { name: 'beta', members: ['ada'] }, version: 1, propagation: 'ok' })
    expect(await admin.segments.get('beta')).toEqual(created.segment)
    const updated = await admin.segments.update('beta', { members: null, when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }] })
    expect(updated.segment).not.toHaveProperty('members')
    expect(await admin.segments.get('beta')).toEqual(updated.segment)
    expect(await admin.segments.delete('beta', { expectedVersion: 2 })).toEqual({ version: 3, propagation: 'ok' })
    expect(await admin.segments.get('beta')).toBeNull()
    const history = await admin.segments.history('beta')
    expect(history.map(({ operation, flag }) => `${operation} ${flag}`)).toEqual([
      'delete segment:beta',
      'update segment:beta',
      'create segment:beta',
    ])
    expect(await admin.segments.history('beta', { limit: 1, before: 3 })).toEqual(history.slice(1, 2))
  })

  test('lists segments by name, and no flags; flags are listed without segments', async () => {
    const { admin } = fleet.client()
    for (const name of ['b', 'a', 'c']) {
      await admin.segments.create({ name })
      await admin.create({ name: `flag-${name}` })
    }
    expect((await admin.segments.list()).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect((await admin.list()).map(({ name }) => name)).toEqual(['flag-a', 'flag-b', 'flag-c'])
    expect(await admin.get('a')).toBeNull()
    expect(await admin.history('a')).toEqual([])
  })

  test('leaves out a segment that cannot be read, and reports it where segments are listed', async () => {
    const broken = new FlagsError('PARSE_ERROR', 'Segment a is stored wrongly.', { flag: 'segment:a' })
    const store = around(fleet.store, {
      loadAll: async (next) => {
        const all = await next()
        return { ...all, flags: new Map<string, LoadedRecord>([...all.flags, ['segment:a', broken]]) }
      },
    })
    const { admin } = fleet.client({ store })
    await admin.segments.create({ name: 'b' })
    expect(await admin.list()).toEqual([])
    expect(fleet.codes).toEqual([])
    expect((await admin.segments.list()).map(({ name }) => name)).toEqual(['b'])
    expect(fleet.codes).toEqual(['PARSE_ERROR'])
  })

  test('refuses an invalid name, segment or patch before the store is asked', async () => {
    const store = around(fleet.store)
    const { segments } = fleet.client({ store }).admin
    for (const name of ['', 'a:b', 'segment:a', 7]) {
      await expect(segments.get(name as string)).rejects.toMatchObject({ code: 'INVALID_NAME' })
      await expect(segments.create({ name } as NewSegment)).rejects.toMatchObject({ code: 'INVALID_NAME' })
      await expect(segments.update(name as string, {})).rejects.toMatchObject({ code: 'INVALID_NAME' })
      await expect(segments.delete(name as string)).rejects.toMatchObject({ code: 'INVALID_NAME' })
      await expect(segments.history(name as string)).rejects.toMatchObject({ code: 'INVALID_NAME' })
    }
    const inSegment = { attribute: 'x', operator: 'inSegment', value: 'other' }
    for (const fields of [{ members: [''] }, { members: 'ada' }, { when: [inSegment] }, { enabled: true }]) {
      const refusal = { code: 'INVALID_FLAG', message: expect.stringContaining('Segment a cannot be') }
      await expect(segments.create({ name: 'a', ...fields } as unknown as NewSegment)).rejects.toMatchObject(refusal)
      await expect(segments.update('a', fields as unknown as SegmentPatch)).rejects.toMatchObject(refusal)
    }
    await expect(segments.delete('a', { expectedVersion: -1 })).rejects.toMatchObject({ code: 'INVALID_FLAG' })
    await expect(segments.history('a', { limit: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    expect(store.calls).not.toHaveProperty('load')
  })

  test('rejects with the segment that is missing, exists already, or has another version', async () => {
    const { segments } = fleet.client().admin
    const { version } = await segments.create({ name: 'beta' })
    await expect(segments.create({ name: 'beta' })).rejects.toMatchObject({ code: 'SEGMENT_EXISTS', flag: 'segment:beta' })
    await expect(segments.update('other', {})).rejects.toMatchObject({
      code: 'SEGMENT_NOT_FOUND',
      message: expect.stringMatching(/^Segment other /),
    })
    await segments.update('beta', { members: ['ada'] })
    await expect(segments.delete('beta', { expectedVersion: version })).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      message: expect.stringMatching(/^Segment beta is at version 2, not at 1/),
      versions: { expected: 1, actual: 2 },
    })
  })

  test('rejects once the client is closed', async () => {
    const flags = fleet.client()
    const { segments } = flags.admin
    await fleet.clock.until(flags.close())
    for (const call of [() => segments.list(), () => segments.get('a'), () => segments.create({ name: 'a' }), () => segments.delete('a')]) {
      await expect(call()).rejects.toMatchObject({ code: 'CLOSED' })
    }
  })

  test('raises the fence of the segment, so that no process reads an older one from the cache', async () => {
    const { admin } = fleet.client()
    await admin.segments.create({ name: 'beta' })
    const [read] = await fleet.cache().read([{ name: 'segment:beta' }])
    expect(read).toMatchObject({ fenceVersion: 1 })
  })
})

describe('a cycle of prerequisites', () => {
  test('is refused by the administration, with the path', async () => {
    const { admin } = fleet.client()
    await admin.create({ name: 'a', requires: [{ flag: 'b' }] })
    await admin.create({ name: 'b', requires: [{ flag: 'c' }] })
    const closing = { requires: [{ flag: 'a' }] }
    await expect(admin.create({ name: 'c', ...closing })).rejects.toMatchObject({
      code: 'PREREQUISITE_CYCLE',
      flag: 'c',
      message: expect.stringContaining('c → a → b → c'),
    })
    await admin.create({ name: 'c' })
    await expect(admin.update('c', closing)).rejects.toMatchObject({ code: 'PREREQUISITE_CYCLE' })
    expect((await admin.get('c')) as FlagRecord).not.toHaveProperty('requires')
  })

  test('of many flags is shown by its two ends', async () => {
    const { admin } = fleet.client()
    for (let index = 0; index < 40; index++) await admin.create({ name: `f${index}`, requires: [{ flag: `f${index + 1}` }] })
    await expect(admin.create({ name: 'f40', requires: [{ flag: 'f0' }] })).rejects.toMatchObject({
      message: expect.stringMatching(/f40 → f0 → f1 → .* → … → .* → f39 → f40\./),
    })
  })
})
