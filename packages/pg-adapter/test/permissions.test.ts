import { afterAll, describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { afterFile, freshSchema, openClient, openRoleClient } from './test-database.ts'

const { sql, schema, flags, segments, clock, changes, uses } = await freshSchema()
const store = postgresStore({ sql, schema })
afterAll(() => store.close())

describe('a role', () => {
  test('that may only edit the flags can do so, and cannot touch clock, log and sequence', async () => {
    const editor = await openRoleClient(sql, `USAGE ON SCHEMA "${schema}"`, `SELECT, INSERT, UPDATE, DELETE ON ${flags}`)
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

  test('that edits flags cannot replace a function of Flagstone by its own', async () => {
    const editor = await openRoleClient(sql, `USAGE ON SCHEMA "${schema}"`, `SELECT, INSERT, UPDATE, DELETE ON ${flags}`)
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

  test('that may also read clock and log can use all of the store but prune()', async () => {
    const editor = await openRoleClient(
      sql,
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

  test('that edits flags is told who blocks it, but without access to statistics not the age of that transaction', async () => {
    const editor = await openRoleClient(
      sql,
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
    const reader = await openRoleClient(sql, `USAGE ON SCHEMA "${schema}"`, `SELECT ON ${flags}, ${segments}, ${clock}, ${changes}`)
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

  test('that may only read is told which rights it needs to record and read uses', async () => {
    const reader = await openRoleClient(sql, `USAGE ON SCHEMA "${schema}"`, `SELECT ON ${flags}, ${segments}, ${clock}, ${changes}`)
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

  test('whose sessions are read-only gets the same advice', async () => {
    const theirs = openClient({ connection: { default_transaction_read_only: true } })
    afterFile(() => theirs.end())
    await expect(postgresStore({ sql: theirs, schema }).noteUses?.([])).rejects.toMatchObject({
      message: expect.stringMatching(/read-only transaction.* trackUses: false/),
      cause: { code: '25006' },
    })
  })
})
