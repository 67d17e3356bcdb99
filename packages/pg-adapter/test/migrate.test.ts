import postgres from 'postgres'
import { describe, expect, test, vi } from 'vitest'
import { migrate, migrations, postgresStore } from '../src/index.ts'
import { databaseUrl, freshSchema, openRoleClient } from './test-database.ts'

const { sql } = await freshSchema()

describe('migrate()', () => {
  const count = async (text: string): Promise<number> => Number((await sql.unsafe(`SELECT count(*) AS n FROM ${text}`))[0]?.['n'])

  test('runs once when ten processes call it at once', async () => {
    const fresh = await freshSchema({ migrated: false })
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        migrate(index % 2 ? { url: databaseUrl, schema: fresh.schema } : { sql: fresh.sql, schema: fresh.schema }),
      ),
    )
    expect(runs.flat()).toEqual(['0001-initial', '0002-rules-and-segments', '0003-uses', '0004-lineage'])
    expect(await count(fresh.clock)).toBe(1)
    expect(await count(`pg_trigger WHERE tgrelid = '${fresh.flags}'::regclass`)).toBe(7)
    expect(await count(`pg_trigger WHERE tgrelid = '${fresh.segments}'::regclass`)).toBe(5)
    const { storeId } = await postgresStore({ sql: fresh.sql, schema: fresh.schema }).head()
    expect(await migrate({ sql: fresh.sql, schema: fresh.schema })).toEqual([])
    expect((await postgresStore({ sql: fresh.sql, schema: fresh.schema }).head()).storeId).toBe(storeId)
  })

  test('prints nothing to the console', async () => {
    const fresh = await freshSchema({ migrated: false })
    const said = vi.spyOn(console, 'log').mockImplementation(() => {})
    const loud = postgres(databaseUrl, { max: 1 })
    try {
      await migrate({ sql: loud, schema: fresh.schema })
      await fresh.sql.unsafe(`UPDATE ${fresh.clock} SET migration = 0`)
      await migrate({ sql: loud, schema: fresh.schema })
      await migrate({ url: databaseUrl, schema: fresh.schema })
      expect(said).not.toHaveBeenCalled()
    } finally {
      said.mockRestore()
      await loud.end()
    }
  })

  test('can be replaced by another tool: the exported SQL runs alone and repeatedly without losing data', async () => {
    const fresh = await freshSchema({ migrated: false })
    const steps = migrations(fresh.schema)
    expect(steps.map(({ id }) => id)).toEqual(['0001-initial', '0002-rules-and-segments', '0003-uses', '0004-lineage'])
    for (const { sql: text } of steps) await fresh.sql.unsafe(text)
    const theirs = postgresStore({ sql: fresh.sql, schema: fresh.schema })
    await theirs.create({ name: 'a' })
    const before = await theirs.loadAll()
    for (const { sql: text } of steps) await fresh.sql.unsafe(text)
    expect(await theirs.loadAll()).toEqual(before)
    expect(await migrate({ sql: fresh.sql, schema: fresh.schema })).toEqual([])
    expect(migrations()[0]?.sql).toContain('"public".feature_flags')
  })

  test('works for a role that owns a schema but may not create one', async () => {
    const fresh = await freshSchema({ migrated: false })
    const owner = await openRoleClient(sql)
    await sql.unsafe(`CREATE SCHEMA "${fresh.schema}" AUTHORIZATION ${owner.options.user}`)
    await migrate({ sql: owner, schema: fresh.schema })
    await postgresStore({ sql: owner, schema: fresh.schema }).create({ name: 'a' })
    const poor = await openRoleClient(sql)
    await expect(migrate({ sql: poor, schema: `${fresh.schema}_other` })).rejects.toMatchObject({
      code: 'GENERAL',
      cause: { code: '42501' },
    })
  })

  test('leaves nothing behind if it fails', async () => {
    const fresh = await freshSchema({ migrated: false })
    await sql.unsafe(`CREATE SCHEMA "${fresh.schema}"; CREATE VIEW ${fresh.changes} AS SELECT 1 AS one`)
    await expect(migrate({ sql, schema: fresh.schema })).rejects.toMatchObject({ name: 'FlagsError' })
    expect(await count(`pg_class WHERE relnamespace = '"${fresh.schema}"'::regnamespace`)).toBe(1)
  })
})

describe('before the migration', () => {
  test('every call is refused with SCHEMA_MISSING, which names migrate()', async () => {
    const fresh = await freshSchema({ migrated: false })
    const theirs = postgresStore({ sql: fresh.sql, schema: fresh.schema })
    const calls = [
      () => theirs.head(),
      () => theirs.load(['a']),
      () => theirs.loadAll(),
      () => theirs.changesSince({ version: 0, id: '' }),
      () => theirs.history('a'),
      () => theirs.create({ name: 'a' }),
      () => theirs.update('a', {}),
      () => theirs.delete('a'),
      () => theirs.prune(1),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'SCHEMA_MISSING', message: expect.stringContaining('migrate()') })
    }
  })

  test('that a later build needs, head() is refused with SCHEMA_OLD', async () => {
    const fresh = await freshSchema()
    await fresh.sql.unsafe(`UPDATE ${fresh.clock} SET migration = 0`)
    const theirs = postgresStore({ sql: fresh.sql, schema: fresh.schema })
    await expect(theirs.head()).rejects.toMatchObject({ code: 'SCHEMA_OLD', message: expect.stringContaining('migrate()') })
    await fresh.sql.unsafe(`UPDATE ${fresh.clock} SET migration = 99`)
    await theirs.head()
  })
})
