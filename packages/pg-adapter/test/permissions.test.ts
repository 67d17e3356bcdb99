import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { migrate, migrations, postgresStore } from '../src/index.ts'
import { afterFile, databaseUrl, freshSchema, openClient } from './test-database.ts'

const { sql, schema, flags, segments, clock, changes, uses } = await freshSchema()
const store = postgresStore({ sql, schema })
afterAll(() => store.close())

/** A login role of a random name, dropped after the tests. */
async function role(...grants: string[]): Promise<ReturnType<typeof openClient>> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${name}'`)
  for (const grant of grants) await sql.unsafe(`GRANT ${grant} TO ${name}`)
  const theirs = openClient({ username: name, password: name, max: 2 })
  afterFile(async () => {
    await theirs.end()
    await sql.unsafe(`DROP OWNED BY ${name}; DROP ROLE ${name}`)
  })
  return theirs
}

describe('a role', () => {
  test('that may only edit the flags can do so, and cannot touch clock, log and sequence', async () => {
    const editor = await role(`USAGE ON SCHEMA "${schema}"`, `SELECT, INSERT, UPDATE, DELETE ON ${flags}`)
    await editor.unsafe(`INSERT INTO ${flags} (name, rules, bucket_by) VALUES ('a', '[{"when": []}]', 'company')`)
    await editor.unsafe(`UPDATE ${flags} SET rollout = 5, tags = '{x}', owner = 'me'`)
    const [change] = await store.history('a')
    expect(change).toMatchObject({ operation: 'update', actor: editor.options.user })
    await editor.unsafe(`DELETE FROM ${flags}`)
    for (const forbidden of [
      `UPDATE ${clock} SET version = 1`,
      `DELETE FROM ${changes}`,
      `SELECT nextval('"${schema}".feature_flag_versions')`,
      `SELECT "${schema}".feature_flag_record(1, 'a', 'delete', NULL, NULL)`,
      `CREATE TEMP TABLE mine (name text); CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION "${schema}".feature_flag_log()`,
      `TRUNCATE ${flags}`,
      `CREATE TEMP TABLE own (name text); CREATE TRIGGER own AFTER INSERT ON own FOR EACH ROW EXECUTE FUNCTION "${schema}".feature_flag_segment_log()`,
      `INSERT INTO ${segments} (name) VALUES ('a')`,
    ]) {
      await expect(editor.unsafe(forbidden)).rejects.toMatchObject({ code: '42501' })
    }
  })

  test('that edits cannot slip a function of its own under ours', async () => {
    const editor = await role(`USAGE ON SCHEMA "${schema}"`, `SELECT, INSERT, UPDATE, DELETE ON ${flags}`)
    const evil = `${schema}_evil`
    await sql.unsafe(`CREATE SCHEMA "${evil}" AUTHORIZATION ${editor.options.user}`)
    await editor.begin(async (tx) => {
      await tx.unsafe(`CREATE FUNCTION "${evil}".nextval(regclass) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'`)
      await tx.unsafe(`CREATE FUNCTION "${evil}".clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT timestamptz '1999-01-01'$$`)
      await tx.unsafe(`CREATE FUNCTION "${evil}".octet_length(text) RETURNS integer LANGUAGE sql AS 'SELECT 1'`)
      await tx.unsafe(`CREATE FUNCTION "${evil}".length(text) RETURNS integer LANGUAGE sql AS 'SELECT 1'`)
      await tx.unsafe(`SET LOCAL search_path = "${evil}", pg_catalog`)
      await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('slipped')`)
      await expect(tx.savepoint((inner) => inner.unsafe(`UPDATE ${flags} SET owner = repeat('x', 201)`))).rejects.toMatchObject({
        code: '23514',
      })
    })
    const { flags: loaded, asOf } = await store.load(['slipped'])
    expect(loaded.get('slipped')).toMatchObject({ version: asOf })
    expect(JSON.stringify(loaded.get('slipped'))).not.toContain('1999')
    await store.delete('slipped')
  })

  test('that may also read clock and log can use the store for everything but prune()', async () => {
    const editor = await role(
      `USAGE ON SCHEMA "${schema}"`,
      `SELECT, INSERT, UPDATE, DELETE ON ${flags}, ${segments}`,
      `SELECT ON ${clock}, ${changes}`,
    )
    const theirs = postgresStore({ sql: editor, schema })
    const { version } = await theirs.create({ name: 'a', tags: ['x'] })
    await theirs.update('a', { rollout: 1 }, { actor: 'ada', expectedVersion: version })
    await theirs.delete('a')
    await theirs.create({ name: 'b', requires: [{ flag: 'c' }], rules: [{ when: [] }] })
    await theirs.delete('b')
    await theirs.segments.create({ name: 'beta', members: ['x'] })
    await theirs.segments.update('beta', { when: [{ attribute: 'x', operator: 'exists' }] })
    await theirs.segments.delete('beta')
    expect((await theirs.history('a')).map(({ actor }) => actor)).toContain('ada')
    await expect(theirs.prune(0)).rejects.toMatchObject({ code: 'GENERAL', cause: { code: '42501' } })
  })

  test('that edits is told who blocks it, though it may not see the age', async () => {
    const editor = await role(
      `USAGE ON SCHEMA "${schema}"`,
      `SELECT, INSERT, UPDATE, DELETE ON ${flags}, ${segments}`,
      `SELECT ON ${clock}, ${changes}`,
    )
    await sql.begin(async (tx) => {
      const [row] = await tx`SELECT pg_backend_pid() AS pid`
      await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('held')`)
      const blocked = postgresStore({ sql: editor, schema, lockTimeoutMs: 30 }).create({ name: 'b' })
      await expect(blocked).rejects.toMatchObject({ code: 'WRITE_BLOCKED', blockers: [{ pid: row?.['pid'], ageMs: 30 }] })
    })
    await store.delete('held')
  })

  test('that may only read can read and watch, and is refused a write', async () => {
    const reader = await role(`USAGE ON SCHEMA "${schema}"`, `SELECT ON ${flags}, ${segments}, ${clock}, ${changes}`)
    const theirs = postgresStore({ sql: reader, schema })
    const { cursor } = await theirs.head()
    expect(await theirs.loadAll()).toMatchObject({ cursor })
    expect(await theirs.load(['a'])).toMatchObject({ asOf: cursor.version })
    expect(await theirs.changesSince(cursor)).toMatchObject({ kind: 'changes' })
    expect((await theirs.history('a')).length).toBeGreaterThan(0)
    expect(await theirs.changes({ limit: 1 })).toMatchObject({ kind: 'changes', head: cursor })
    const heard: string[] = []
    const end = await theirs.watch?.({ onHint: () => {}, onResync: () => heard.push('resync'), onDown: () => heard.push('down') })
    expect(heard).toEqual(['resync'])
    await end?.()
    await expect(theirs.create({ name: 'x' })).rejects.toMatchObject({ code: 'GENERAL', cause: { code: '42501' } })
  })

  test('that may only read is told which rights it takes to note and to read uses', async () => {
    const reader = await role(`USAGE ON SCHEMA "${schema}"`, `SELECT ON ${flags}, ${segments}, ${clock}, ${changes}`)
    const theirs = postgresStore({ sql: reader, schema })
    await store.create({ name: 'used' })
    const noted = [{ flag: 'used', enabled: true, at: '2020-01-01T00:00:00.000Z' }]
    await expect(theirs.noteUses?.(noted)).rejects.toMatchObject({
      code: 'GENERAL',
      message: `Uses of flags could not be noted: permission denied for table feature_flag_uses. GRANT SELECT, INSERT, UPDATE ON ${uses} to this role, or create the client with trackUses: false.`,
      cause: { code: '42501' },
    })
    await expect(theirs.lastUses?.()).rejects.toMatchObject({ message: expect.stringContaining(`GRANT SELECT ON ${uses} to this role.`) })
    await sql.unsafe(`GRANT SELECT, INSERT, UPDATE ON ${uses} TO ${reader.options.user}`)
    await theirs.noteUses?.(noted)
    expect((await theirs.lastUses?.())?.uses).toEqual(noted)
    await store.delete('used')
    await expect(reader.unsafe(`DELETE FROM ${uses}`)).rejects.toMatchObject({ code: '42501' })
  })

  test('whose sessions only read is told so, too', async () => {
    const theirs = openClient({ connection: { default_transaction_read_only: true } })
    afterFile(() => theirs.end())
    await expect(postgresStore({ sql: theirs, schema }).noteUses?.([])).rejects.toMatchObject({
      message: expect.stringMatching(/read-only transaction.* trackUses: false/),
      cause: { code: '25006' },
    })
  })
})

describe('migrate()', () => {
  const count = async (text: string): Promise<number> => Number((await sql.unsafe(`SELECT count(*) AS n FROM ${text}`))[0]?.['n'])

  test('by ten processes at once runs once', async () => {
    const fresh = await freshSchema({ migrated: false })
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        migrate(index % 2 ? { url: databaseUrl, schema: fresh.schema } : { sql: fresh.sql, schema: fresh.schema }),
      ),
    )
    expect(runs.flat()).toEqual(['0001-initial', '0002-rules-and-segments', '0003-uses'])
    expect(await count(fresh.clock)).toBe(1)
    expect(await count(`pg_trigger WHERE tgrelid = '${fresh.flags}'::regclass`)).toBe(6)
    expect(await count(`pg_trigger WHERE tgrelid = '${fresh.segments}'::regclass`)).toBe(5)
    const { storeId } = await postgresStore({ sql: fresh.sql, schema: fresh.schema }).head()
    expect(await migrate({ sql: fresh.sql, schema: fresh.schema })).toEqual([])
    expect((await postgresStore({ sql: fresh.sql, schema: fresh.schema }).head()).storeId).toBe(storeId)
  })

  test('says nothing on the console', async () => {
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

  test("may be another tool's work: the exported SQL runs by itself, and again, without losing anything", async () => {
    const fresh = await freshSchema({ migrated: false })
    const steps = migrations(fresh.schema)
    expect(steps.map(({ id }) => id)).toEqual(['0001-initial', '0002-rules-and-segments', '0003-uses'])
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
    const owner = await role()
    await sql.unsafe(`CREATE SCHEMA "${fresh.schema}" AUTHORIZATION ${owner.options.user}`)
    await migrate({ sql: owner, schema: fresh.schema })
    await postgresStore({ sql: owner, schema: fresh.schema }).create({ name: 'a' })
    const poor = await role()
    await expect(migrate({ sql: poor, schema: `${fresh.schema}_other` })).rejects.toMatchObject({
      code: 'GENERAL',
      cause: { code: '42501' },
    })
  })

  test('that fails leaves nothing behind', async () => {
    const fresh = await freshSchema({ migrated: false })
    await sql.unsafe(`CREATE SCHEMA "${fresh.schema}"; CREATE VIEW ${fresh.changes} AS SELECT 1 AS one`)
    await expect(migrate({ sql, schema: fresh.schema })).rejects.toMatchObject({ name: 'FlagsError' })
    expect(await count(`pg_class WHERE relnamespace = '"${fresh.schema}"'::regnamespace`)).toBe(1)
  })
})

describe('before the migration', () => {
  test('everything is refused with SCHEMA_MISSING, which names migrate()', async () => {
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

  test('of a later build, head() is refused with SCHEMA_OLD', async () => {
    const fresh = await freshSchema()
    await fresh.sql.unsafe(`UPDATE ${fresh.clock} SET migration = 0`)
    const theirs = postgresStore({ sql: fresh.sql, schema: fresh.schema })
    await expect(theirs.head()).rejects.toMatchObject({ code: 'SCHEMA_OLD', message: expect.stringContaining('migrate()') })
    await fresh.sql.unsafe(`UPDATE ${fresh.clock} SET migration = 99`)
    await theirs.head()
  })
})
