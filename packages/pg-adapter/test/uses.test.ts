import { createFlags, type FlagUse } from '@flagstone/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { afterFile, freshSchema, openClient } from './test-database.ts'

const { sql, schema, flags, clock, uses } = await freshSchema()
const store = postgresStore({ sql, schema })
afterAll(() => store.close())

beforeEach(async () => {
  await sql.unsafe(`DELETE FROM ${flags}; TRUNCATE ${uses}`)
  await store.create({ name: 'a', rollout: 100 })
})

/** A use so many minutes after a fixed time in the past. */
function use(minutes: number): FlagUse {
  return { flag: 'a', enabled: true, at: new Date(Date.UTC(2020, 0, 1, 0, minutes)).toISOString() }
}

async function row(): Promise<unknown> {
  const [found] = await sql.unsafe(`SELECT ctid::text, xmin::text, first_at, last_at FROM ${uses}`)
  return found
}

describe('a use', () => {
  test('less than an hour after the last one is not written, so that a fleet does not keep writing the same row', async () => {
    await store.noteUses?.([use(0)])
    const before = await row()
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.noteUses?.([use(index), use(59)])))
    expect(await row()).toEqual(before)
    await store.noteUses?.([use(60)])
    expect(await row()).toMatchObject({ first_at: new Date(use(0).at), last_at: new Date(use(60).at) })
  })

  test('does not wait for writers of flags, and does not block them', async () => {
    await store.noteUses?.([use(0)])
    await sql.begin(async (tx) => {
      await tx.unsafe(`UPDATE ${flags} SET rollout = 50`)
      await store.noteUses?.([use(60)])
    })
    await sql.begin(async (tx) => {
      await tx.unsafe(`SELECT FROM ${uses} FOR UPDATE`)
      await store.update('a', { rollout: 60 })
      await store.delete('a')
    })
    expect((await store.lastUses?.())?.uses).toEqual([use(60)])
  })

  test('is dropped if the table stays locked', async () => {
    await sql.begin(async (tx) => {
      await tx.unsafe(`LOCK TABLE ${uses} IN ACCESS EXCLUSIVE MODE`)
      await expect(store.noteUses?.([use(0)])).rejects.toMatchObject({
        code: 'WRITE_BLOCKED',
        message: expect.stringContaining('Uses of flags could not be noted'),
      })
    })
    await store.noteUses?.([use(0)])
    const [{ lock_timeout, statement_timeout } = {}] = await sql`
      SELECT current_setting('lock_timeout') AS lock_timeout, current_setting('statement_timeout') AS statement_timeout`
    expect([lock_timeout, statement_timeout]).toEqual(['0', '0'])
  })

  test('survives a TRUNCATE of the flags, and is deleted by prune()', async () => {
    await store.noteUses?.([use(0)])
    await sql.unsafe(`TRUNCATE ${flags}`)
    expect((await store.lastUses?.())?.uses).toHaveLength(1)
    await store.prune(0)
    expect(await store.lastUses?.()).toEqual({ uses: [] })
  })

  test('is stored in UTC, whatever the time zone of the session', async () => {
    await store.noteUses?.([use(0)])
    const theirs = openClient({ connection: { TimeZone: 'Asia/Kathmandu', DateStyle: 'German' } })
    afterFile(() => theirs.end())
    const elsewhere = postgresStore({ sql: theirs, schema })
    await elsewhere.noteUses?.([{ ...use(0), variant: 'new' }])
    expect(await elsewhere.lastUses?.()).toEqual({ since: use(0).at, uses: [use(0), { ...use(0), variant: 'new' }] })
  })
})

test('a process stores its uses when it closes, and the report contains them', async () => {
  const process = createFlags({ store: postgresStore({ sql, schema }) })
  await process.isEnabled('a', 'ada')
  await process.evaluate('a', { targetingKey: 'ada', plan: 'pro' })
  expect(await process.evaluate('not_there', 'ada')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
  const [before] = await sql.unsafe(`SELECT version FROM ${clock}`)
  await process.close()
  const later = createFlags({ store: postgresStore({ sql, schema }), background: false })
  const { flags: stale, missing, trackedSince } = await later.admin.staleFlags({ constantDays: 0 })
  expect(stale).toMatchObject([{ flag: { name: 'a' }, reasons: ['constant'], lastUsed: [{ enabled: true, at: trackedSince }] }])
  expect(missing).toEqual([])
  expect(Date.parse(String(trackedSince))).toBeGreaterThan(Date.parse(String(stale[0]?.flag.createdAt)) - 1_000)
  expect(await sql.unsafe(`SELECT version FROM ${clock}`)).toEqual([before])
  await later.close()
})
