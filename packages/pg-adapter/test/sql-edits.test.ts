import type { Cursor } from '@flagstone/core/adapter'
import type { Sql } from 'postgres'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { migrate, postgresStore } from '../src/index.ts'
import { freshSchema, openClient } from './test-database.ts'

const { sql, schema, flags, clock, changes } = await freshSchema()
const store = postgresStore({ sql, schema })
const run = (text: string, on: Sql = sql) => on.unsafe(text)
const put = (...names: string[]) => run(`INSERT INTO ${flags} (name) VALUES ${names.map((name) => `('${name}')`).join(', ')}`)

let start: Cursor

/** One line such as `update a` for each change since the test began, in order. */
async function logged(by: 'version' | 'line' = 'version'): Promise<string[]> {
  const rows = await run(`SELECT version, operation || ' ' || flag AS line FROM ${changes} WHERE version > ${start.version} ORDER BY ${by}`)
  return rows.map((row) => String(row['line']))
}

async function clockIsTheNewestChange(): Promise<void> {
  const [row] = await run(`SELECT c.version = (SELECT max(version) FROM ${changes}) AS same FROM ${clock} c`)
  expect(row?.['same']).toBe(true)
}

async function restart(): Promise<void> {
  start = (await store.head()).cursor
}

beforeEach(async () => {
  await run(`TRUNCATE ${flags}`)
  await restart()
})
afterAll(() => store.close())

describe('an edit by SQL', () => {
  test('of one flag is logged like any other change, with the role as actor', async () => {
    await put('a')
    const before = (await store.load(['a'])).flags.get('a')
    await run(`UPDATE ${flags} SET rollout = 12.5 WHERE name = 'a'`)
    const [change] = await store.history('a')
    const [session] = await run('SELECT session_user AS who')
    const { asOf, flags: loaded } = await store.load(['a'])
    expect(change).toMatchObject({ operation: 'update', actor: session?.['who'], before, after: loaded.get('a'), version: asOf })
    expect(change).not.toHaveProperty('reason')
    expect(loaded.get('a')).toMatchObject({ rollout: 12.5, version: asOf })
  })

  test('can set actor and reason for its transaction', async () => {
    await sql.begin(async (tx) => {
      await tx`SELECT set_config('flagstone.actor', 'ada', true), set_config('flagstone.reason', 'because', true)`
      await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('a')`)
    })
    await run(`UPDATE ${flags} SET rollout = 1`)
    const [later, first] = await store.history('a')
    expect(first).toMatchObject({ actor: 'ada', reason: 'because' })
    expect(later?.actor).not.toBe('ada')
    expect(later).not.toHaveProperty('reason')
  })

  test('cannot choose a version or a time', async () => {
    await run(`INSERT INTO ${flags} (name, version, created_at, updated_at) VALUES ('a', 1, '1999-01-01', '1999-01-01')`)
    const { version } = (await store.head()).cursor
    const created = (await store.load(['a'])).flags.get('a')
    expect(created).toMatchObject({ version })
    expect(JSON.stringify(created)).not.toContain('1999')
    await run(`UPDATE ${flags} SET version = 1, created_at = '1999-01-01', updated_at = '1999-01-01'`)
    const updated = (await store.load(['a'])).flags.get('a')
    expect(JSON.stringify(updated)).not.toContain('1999')
    expect(updated).toMatchObject({ createdAt: (created as { createdAt: string }).createdAt })
  })

  test('that matches no row leaves log and clock unchanged', async () => {
    await put('a')
    const { cursor } = await store.head()
    await run(`UPDATE ${flags} SET rollout = 1 WHERE name = 'b'`)
    await run(`DELETE FROM ${flags} WHERE name = 'b'`)
    await run(`INSERT INTO ${flags} (name) VALUES ('a') ON CONFLICT DO NOTHING`)
    expect(await store.changesSince(cursor)).toMatchObject({ kind: 'changes', cursor, changed: [] })
    expect(await store.head()).toMatchObject({ cursor })
    await put('b')
    expect((await store.head()).cursor.version).toBeGreaterThan(cursor.version)
    await clockIsTheNewestChange()
  })

  test('by INSERT … ON CONFLICT DO UPDATE is one update and keeps the time of creation', async () => {
    await put('a')
    const created = (await store.load(['a'])).flags.get('a') as { createdAt: string }
    await restart()
    await run(`INSERT INTO ${flags} (name, rollout) VALUES ('a', 7), ('b', 8) ON CONFLICT (name) DO UPDATE SET rollout = excluded.rollout`)
    expect(await logged('line')).toEqual(['create b', 'update a'])
    expect((await store.load(['a'])).flags.get('a')).toMatchObject({ rollout: 7, createdAt: created.createdAt })
    await clockIsTheNewestChange()
  })

  test('by DELETE and by TRUNCATE is a delete of each flag', async () => {
    await put('a', 'b', 'c')
    await restart()
    await run(`DELETE FROM ${flags} WHERE name < 'c'`)
    expect(await logged('line')).toEqual(['delete a', 'delete b'])
    await clockIsTheNewestChange()
    await put('d')
    await restart()
    await run(`TRUNCATE ${flags} RESTART IDENTITY`)
    expect(await logged('line')).toEqual(['delete c', 'delete d'])
    await clockIsTheNewestChange()
    const { cursor } = await store.head()
    await run(`TRUNCATE ${flags}`)
    expect((await store.head()).cursor).toEqual(cursor)
    await put('e')
    expect((await store.head()).cursor.version).toBeGreaterThan(cursor.version)
  })

  test('that renames a flag is a delete and a create, and keeps its content', async () => {
    await store.create({ name: 'a', salt: 'old', rollout: 5 })
    await restart()
    await run(`UPDATE ${flags} SET name = 'b' WHERE name = 'a'`)
    expect(await logged()).toEqual(['delete a', 'create b'])
    await clockIsTheNewestChange()
    const answer = await store.changesSince(start)
    expect(answer).toMatchObject({ kind: 'changes', changed: [{ name: 'a', flag: null }, { name: 'b' }] })
    expect((await store.load(['b'])).flags.get('b')).toMatchObject({ name: 'b', salt: 'old', rollout: 5, version: answer.cursor.version })
  })

  test.each([
    ['from the front', "('ax'), ('a')"],
    ['from the back', "('a'), ('ax')"],
  ])('that moves names along, %s, leaves each name with its newest change last', async (_, rows) => {
    await run(`INSERT INTO ${flags} (name) VALUES ${rows}`)
    await run(`ALTER TABLE ${flags} DROP CONSTRAINT feature_flags_pkey`)
    await run(`ALTER TABLE ${flags} ADD CONSTRAINT feature_flags_pkey PRIMARY KEY (name) DEFERRABLE`)
    try {
      await restart()
      await run(`UPDATE ${flags} SET name = name || 'x'`)
      const changed = await store.changesSince(start)
      if (changed.kind !== 'changes') throw new Error(changed.why)
      const { flags: now } = await store.loadAll()
      for (const { name, version, flag } of changed.changed) {
        expect(flag).toEqual(now.get(name) ?? null)
        if (flag && 'version' in flag) expect(flag.version).toBe(version)
      }
      expect(new Set(now.keys())).toEqual(new Set(['ax', 'axx']))
    } finally {
      await run(`ALTER TABLE ${flags} DROP CONSTRAINT feature_flags_pkey`)
      await run(`ALTER TABLE ${flags} ADD CONSTRAINT feature_flags_pkey PRIMARY KEY (name)`)
    }
  })

  test('that deletes and inserts a flag in one statement is logged with the final record', async () => {
    await put('a')
    await restart()
    await run(`WITH gone AS (DELETE FROM ${flags} RETURNING name) INSERT INTO ${flags} (name, rollout) SELECT name, 3 FROM gone`)
    expect(await logged()).toEqual(['create a'])
    const { cursor } = await store.head()
    expect((await store.load(['a'])).flags.get('a')).toMatchObject({ rollout: 3, version: cursor.version })
  })

  test('that is rolled back leaves no trace', async () => {
    await put('a')
    const { cursor } = await store.head()
    await sql
      .begin(async (tx) => {
        await tx.unsafe(`UPDATE ${flags} SET rollout = 1`)
        throw new Error('never mind')
      })
      .catch(() => {})
    expect(await store.changesSince(cursor)).toMatchObject({ kind: 'changes', cursor, changed: [] })
    await sql.begin(async (tx) => {
      await tx.unsafe(`UPDATE ${flags} SET rollout = 2`)
      await tx.savepoint((inner) => inner.unsafe(`DELETE FROM ${flags}`).then(() => Promise.reject(new Error('no')))).catch(() => {})
    })
    const changed = await store.changesSince(cursor)
    expect(changed).toMatchObject({ changed: [{ name: 'a', flag: { rollout: 2 } }] })
    await clockIsTheNewestChange()
  })

  test('of several flags in one transaction becomes visible at once', async () => {
    await put('a', 'b')
    const { cursor } = await store.head()
    await sql.begin(async (tx) => {
      await tx.unsafe(`UPDATE ${flags} SET rollout = 1 WHERE name = 'a'`)
      expect(await store.changesSince(cursor)).toMatchObject({ changed: [] })
      await tx.unsafe(`UPDATE ${flags} SET rollout = 1 WHERE name = 'b'`)
      expect(await store.changesSince(cursor)).toMatchObject({ changed: [] })
    })
    expect(await store.changesSince(cursor)).toMatchObject({ changed: [{ name: 'a' }, { name: 'b' }] })
  })

  test('of very many flags in one statement moves the clock once and logs one change each', async () => {
    const many = 20_000
    await run(`INSERT INTO ${flags} (name) SELECT 'flag-' || n FROM generate_series(1, ${many}) n`)
    await run(`UPDATE ${flags} SET rollout = 50`)
    const [row] = await run(`
      SELECT count(*)::int AS changes, count(DISTINCT id)::int AS ids FROM ${changes} WHERE version > ${start.version}`)
    expect(row).toEqual({ changes: 2 * many, ids: 2 * many })
    const answer = await store.changesSince(start)
    expect(answer.kind === 'changes' && answer.changed.length).toBe(many)
    await clockIsTheNewestChange()
  })

  test('gets a higher version even if logical replication left the sequence behind', async () => {
    await put('a', 'b', 'c')
    const { version } = (await store.head()).cursor
    await run(`ALTER SEQUENCE "${schema}".feature_flag_versions RESTART`)
    await run(`UPDATE ${flags} SET rollout = 1 WHERE name = 'a'`)
    expect((await store.head()).cursor.version).toBe(version + 1)
  })

  test('is logged in UTC, whatever the time zone of the session', async () => {
    await sql.begin(async (tx) => {
      await tx`SET LOCAL timezone = 'Europe/Berlin'`
      await tx.unsafe(`INSERT INTO ${flags} (name, expires_at) VALUES ('a', '1850-01-01 00:00')`)
    })
    expect((await store.history('a'))[0]?.after).toMatchObject({ expiresAt: '1849-12-31T23:06:32.000Z' })
    for (const zone of ['Europe/Berlin', 'America/New_York', 'UTC']) await readIn(zone)
  })

  async function readIn(zone: string): Promise<void> {
    const there = openClient({ connection: { TimeZone: zone } })
    try {
      const loaded = await postgresStore({ sql: there, schema }).load(['a'])
      expect(loaded.flags.get('a')).toMatchObject({ expiresAt: '1849-12-31T23:06:32.000Z' })
      expect(loaded.flags.get('a')).toEqual((await store.load(['a'])).flags.get('a'))
    } finally {
      await there.end()
    }
  }
})

test('a log entry that was written by hand is read as far as possible', async () => {
  const [row] = await run(`
    INSERT INTO ${changes} (version, flag, operation, after)
    VALUES (nextval('"${schema}".feature_flag_versions'), 'by-hand', 'create', '{"name": "by-hand", "expires_at": "infinity", "tags": 5}')
    RETURNING version::int`)
  const [change] = await store.history('by-hand')
  expect(change).toMatchObject({ version: row?.['version'], before: null, after: { code: 'PARSE_ERROR', flag: 'by-hand' } })
  expect(change).not.toHaveProperty('actor')
  await run(`DELETE FROM ${changes} WHERE flag = 'by-hand'`)
})

test("without the clock's row every call is refused, and migrate() restores it at the end of the log", async () => {
  await put('a')
  const { cursor } = await store.head()
  await run(`DELETE FROM ${clock}`)
  await expect(run(`DELETE FROM ${flags}`)).rejects.toThrow(/migrate\(\)/)
  const calls = [
    () => store.head(),
    () => store.load(['a']),
    () => store.loadAll(),
    () => store.changesSince(cursor),
    () => store.create({ name: 'b' }),
    () => store.prune(0),
  ]
  for (const call of calls) {
    await expect(call()).rejects.toMatchObject({ code: 'SCHEMA_MISSING', message: expect.stringContaining('migrate()') })
  }
  expect(await migrate({ sql, schema })).toEqual(['0001-initial', '0002-rules-and-segments', '0003-uses', '0004-lineage'])
  expect((await store.head()).cursor).toEqual(cursor)
  await store.create({ name: 'b' })
})
