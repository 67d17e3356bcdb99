import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChangesPage } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

describe('the change log of a client', () => {
  test('tells who changed which flag or segment, oldest first, page by page', async () => {
    const { admin } = fleet.client()
    await admin.update('new_feature', { rollout: 50 }, { actor: 'ada', reason: 'half' })
    await admin.segments.create({ name: 'staff' }, { actor: 'bob' })
    const first = await admin.changes({ limit: 2 })
    expect(first).toMatchObject({
      kind: 'changes',
      changes: [
        { version: 1, flag: 'new_feature', operation: 'create' },
        { version: 2, flag: 'new_feature', operation: 'update', actor: 'ada', reason: 'half', after: { rollout: 50 } },
      ],
      next: { version: 2 },
      head: { version: 3 },
    })
    const after = first.kind === 'changes' ? first.next : { version: 0 }
    expect(await admin.changes({ after })).toMatchObject({ changes: [{ flag: 'segment:staff', actor: 'bob' }], next: { version: 3 } })
    expect(await admin.changes({ after: { version: 1 }, limit: 1 })).toMatchObject({ changes: [{ version: 2 }] })
    expect(await admin.changes({ records: false, limit: 1 })).toMatchObject({ changes: [{ version: 1, before: null, after: null }] })
  })

  test('is `lost` where it no longer reaches back that far, or the place is of another history', async () => {
    const { admin } = fleet.client()
    await admin.update('new_feature', { rollout: 50 })
    await admin.update('new_feature', { rollout: 60 })
    await admin.prune(0)
    expect(await admin.changes({ after: { version: 1 } })).toMatchObject({ kind: 'lost', why: 'pruned', head: { version: 3 } })
    expect(await admin.changes({ after: { version: 3, id: 'of another history' } })).toMatchObject({ kind: 'lost', why: 'rewound' })
  })

  test.each([
    { limit: 0 },
    { limit: 1_001 },
    { limit: 1.5 },
    { before: 3 },
    { after: 3 },
    { records: 'none' },
    { after: { version: -1 } },
    { after: { id: 'x' } },
    { after: { version: 1, id: 'x'.repeat(201) } },
    { after: { version: 1, id: 'a\0b' } },
    { after: { version: 1, flag: 'x' } },
    7,
  ])('%j is refused as a page, and the store is not asked', async (page) => {
    const store = around(fleet.store)
    const { admin } = fleet.client({ store })
    await expect(admin.changes(page as ChangesPage)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('change log'),
    })
    expect(store.calls['changes']).toBe(undefined)
  })

  test('rejects where the store cannot be asked, and once the client is closed', async () => {
    const store = around(fleet.store, { changes: () => Promise.reject(new Error('refused')) })
    const flags = fleet.client({ store })
    await expect(flags.admin.changes()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('change log') })
    await fleet.clock.until(flags.close())
    await expect(flags.admin.changes()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
