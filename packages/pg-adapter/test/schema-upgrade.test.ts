import { describe, expect, test } from 'vitest'
import { migrate, migrations, postgresStore } from '../src/index.ts'
import { databaseUrl, type FreshSchema, freshSchema } from './test-database.ts'

/** A schema of the first release, with a flag that was changed and one that was deleted. */
async function firstRelease(): Promise<FreshSchema> {
  const fresh = await freshSchema({ migrated: false })
  await fresh.sql.unsafe(migrations(fresh.schema)[0]?.sql as string)
  await fresh.sql.unsafe(
    `INSERT INTO ${fresh.flags} (name, rollout, tags, salt) VALUES ('kept', 2.007, '{x,y}', 'old'), ('gone', 0, NULL, NULL)`,
  )
  await fresh.sql.unsafe(`UPDATE ${fresh.flags} SET description = 'from before' WHERE name = 'kept'`)
  await fresh.sql.unsafe(`DELETE FROM ${fresh.flags} WHERE name = 'gone'`)
  return fresh
}

describe('tables of the first release', () => {
  test('are refused with SCHEMA_OLD, which names migrate()', async () => {
    const { sql, schema } = await firstRelease()
    await expect(postgresStore({ sql, schema }).head()).rejects.toMatchObject({
      code: 'SCHEMA_OLD',
      message: expect.stringMatching(/1 of the 4 migrations .* run migrate\(\)/),
    })
  })

  test('keep flags, versions, log and store when they are migrated', async () => {
    const { sql, schema, flags, clock, changes } = await firstRelease()
    const [before] = await sql.unsafe(`SELECT store_id, version::int FROM ${clock}`)
    const log = await sql.unsafe(`SELECT version, id, flag, operation FROM ${changes} ORDER BY version`)
    expect(await migrate({ sql, schema })).toEqual(['0002-rules-and-segments', '0003-uses', '0004-lineage'])
    const store = postgresStore({ sql, schema })
    const { asOf, flags: loaded } = await store.loadAll()
    expect(await sql.unsafe(`SELECT store_id, version::int FROM ${clock}`)).toEqual([before])
    expect(asOf).toBe(before?.['version'])
    expect([...loaded.keys()]).toEqual(['kept'])
    expect(loaded.get('kept')).toMatchObject({ schema: 1, rollout: 2.007, tags: ['x', 'y'], salt: 'old', description: 'from before' })
    expect(await sql.unsafe(`SELECT version, id, flag, operation FROM ${changes} ORDER BY version`)).toEqual(log)
    expect((await store.history('kept')).map(({ operation }) => operation)).toEqual(['update', 'create'])

    const change = await store.update('kept', { rules: [{ when: [], rollout: 5 }] })
    expect(change.version).toBeGreaterThan(asOf)
    expect(change.before).toEqual(loaded.get('kept'))
    const segment = await store.segments.create({ name: 'beta', members: ['ada'] })
    expect(segment.version).toBeGreaterThan(change.version)
    expect((await sql.unsafe(`SELECT schema, rules FROM ${flags}`))[0]).toEqual({ schema: 2, rules: [{ when: [], rollout: 5 }] })
  })

  test('are migrated once by ten processes at once', async () => {
    const { sql, schema } = await firstRelease()
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, index) => migrate(index % 2 ? { url: databaseUrl, schema } : { sql, schema })),
    )
    expect(runs.flat()).toEqual(['0002-rules-and-segments', '0003-uses', '0004-lineage'])
    await postgresStore({ sql, schema }).head()
  })

  test('are migrated while others write, and no write is lost', async () => {
    const { sql, schema, flags, changes } = await firstRelease()
    const names = Array.from({ length: 40 }, (_, index) => `flag-${index}`)
    const writes = names.map((name) => sql.unsafe(`INSERT INTO ${flags} (name) VALUES ('${name}')`))
    await Promise.all([...writes.slice(0, 20), migrate({ url: databaseUrl, schema }), ...writes.slice(20)])
    const { flags: loaded } = await postgresStore({ sql, schema }).load(names)
    expect([...loaded.values()]).not.toContain(null)
    expect(await sql.unsafe(`SELECT FROM ${changes} WHERE operation = 'create' AND flag LIKE 'flag-%'`)).toHaveLength(names.length)
  })

  test('can be migrated again and again by another tool', async () => {
    const { sql, schema } = await firstRelease()
    const steps = migrations(schema)
    for (const { sql: text } of [...steps, ...steps]) await sql.unsafe(text)
    const store = postgresStore({ sql, schema })
    await store.create({ name: 'a', rules: [{ when: [] }] })
    await store.segments.create({ name: 'beta', members: ['ada'] })
    const before = await store.loadAll()
    for (const { sql: text } of steps) await sql.unsafe(text)
    expect(await store.loadAll()).toEqual(before)
    expect(await migrate({ sql, schema })).toEqual([])
  })

  test('still work for a process of the first release, which refuses only the records that are too new for it', async () => {
    const { sql, schema, flags } = await firstRelease()
    await migrate({ sql, schema })
    await sql.unsafe(`UPDATE ${flags} SET rollout = 5 WHERE name = 'kept'`)
    expect((await sql.unsafe(`SELECT schema FROM ${flags}`))[0]).toEqual({ schema: 1 })
    await sql.unsafe(`UPDATE ${flags} SET variants = '[{"name": "v", "value": 1, "weight": 1}]' WHERE name = 'kept'`)
    expect((await sql.unsafe(`SELECT schema FROM ${flags}`))[0]).toEqual({ schema: 2 })
  })
})
