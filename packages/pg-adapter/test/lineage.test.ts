import { type PrivateService, startPrivatePostgres, startPrivateStandby } from '@flagstone/services'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate, postgresStore } from '../src/index.ts'
import { freshSchema, openRoleClient } from './test-database.ts'

describe('the store id', () => {
  let primary: PrivateService
  let standby: PrivateService
  beforeAll(async () => {
    primary = await startPrivatePostgres()
    await migrate({ url: primary.url })
    standby = await startPrivateStandby(primary)
  })
  afterAll(async () => {
    await standby.stop()
    await primary.stop()
  })

  test('of a copy of the database is another one', async () => {
    const original = postgresStore({ url: primary.url })
    await original.create({ name: 'new_feature', rollout: 100 })
    const { storeId } = await original.head()
    await original.close()
    const admin = postgres(primary.url.replace(/\/[^/]*$/, '/template1'), { onnotice: () => undefined })
    const source = new URL(primary.url).pathname.slice(1)
    await admin.unsafe(`CREATE DATABASE copy_of_it TEMPLATE "${source}"`)
    await admin.end()
    const copy = postgresStore({ url: primary.url.replace(/\/[^/]*$/, '/copy_of_it') })
    const head = await copy.head()
    expect(head.storeId).not.toBe(storeId)
    expect((await copy.load(['new_feature'])).storeId).toBe(head.storeId)
    expect((await copy.loadAll()).storeId).toBe(head.storeId)
    expect((await copy.changesSince(head.cursor)).storeId).toBe(head.storeId)
    await copy.close()
  })

  test('of a standby is that of its primary, and it says that it is a standby', async () => {
    const [store, behind] = [postgresStore({ url: primary.url }), postgresStore({ url: standby.url })]
    const { storeId, cursor, standby: isStandby } = await store.head()
    expect(isStandby).toBeUndefined()
    await expect.poll(async () => (await behind.head()).cursor.version).toBe(cursor.version)
    const answers = [behind.head(), behind.load(['new_feature']), behind.loadAll(), behind.changesSince(cursor)]
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ storeId, standby: true })
    await Promise.all([store.close(), behind.close()])
  })
})

test('the store id is the same for a role that may not call pg_control_system()', async () => {
  const server = await startPrivatePostgres()
  await migrate({ url: server.url })
  const sql = postgres(server.url, { onnotice: () => undefined })
  await sql.unsafe(`
    REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
    CREATE ROLE reader LOGIN PASSWORD 'reader';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`)
  const asReader = new URL(server.url)
  asReader.username = 'reader'
  asReader.password = 'reader'
  const [store, readers] = [postgresStore({ url: server.url }), postgresStore({ url: asReader.href })]
  expect((await readers.head()).storeId).toBe((await store.head()).storeId)
  await Promise.all([store.close(), readers.close(), sql.end()])
  await server.stop()
})

test('a reader from whom row-level security hides rows is refused, with the way out', async () => {
  const { schema, sql, flags, segments, clock, changes } = await freshSchema()
  const tables = `SELECT ON ${flags}, ${segments}, ${clock}, ${changes}`
  const reader = await openRoleClient(sql, `USAGE ON SCHEMA "${schema}"`, tables)
  const store = postgresStore({ sql: reader, schema })
  expect((await store.head()).cursor.version).toBe(0)
  await sql.unsafe(
    `ALTER TABLE ${flags} ENABLE ROW LEVEL SECURITY; CREATE POLICY not_secret ON ${flags} FOR SELECT USING (name <> 'secret')`,
  )
  const refusal = { code: 'ROWS_HIDDEN', message: expect.stringContaining('BYPASSRLS') as string }
  const reads = [() => store.head(), () => store.load(['secret']), () => store.loadAll(), () => store.changesSince({ version: 0, id: '' })]
  for (const read of reads) await expect(read()).rejects.toMatchObject(refusal)
  // Its owner sees every row.
  expect((await postgresStore({ sql, schema }).head()).cursor.version).toBe(0)
})

describe('a flag that is renamed in SQL', () => {
  test('keeps its users, as the old name stays as its salt', async () => {
    const { schema, sql, flags } = await freshSchema()
    const store = postgresStore({ sql, schema })
    await store.create({ name: 'old_name', rollout: 50 })
    await sql.unsafe(`UPDATE ${flags} SET name = 'new_name' WHERE name = 'old_name'`)
    const loaded = await store.load(['old_name', 'new_name'])
    expect(loaded.flags.get('old_name')).toBeNull()
    expect(loaded.flags.get('new_name')).toMatchObject({ name: 'new_name', salt: 'old_name' })
    await sql.unsafe(`UPDATE ${flags} SET name = 'newest_name' WHERE name = 'new_name'`)
    expect((await store.load(['newest_name'])).flags.get('newest_name')).toMatchObject({ salt: 'old_name' })
  })

  test('keeps a salt of its own, and takes the one that the statement gives', async () => {
    const { schema, sql, flags } = await freshSchema()
    const store = postgresStore({ sql, schema })
    await store.create({ name: 'a', rollout: 50, salt: 'own' })
    await store.create({ name: 'b', rollout: 50 })
    await sql.unsafe(`UPDATE ${flags} SET name = 'c' WHERE name = 'a'; UPDATE ${flags} SET name = 'd', salt = 'given' WHERE name = 'b'`)
    const { flags: found } = await store.loadAll()
    expect([found.get('c'), found.get('d')]).toMatchObject([{ salt: 'own' }, { salt: 'given' }])
  })
})

describe('rows above the clock, as a dump of the data alone leaves them', () => {
  test('count as rows of the clock, can be edited, and then have a version like any other', async () => {
    const { schema, sql, flags } = await freshSchema()
    const store = postgresStore({ sql, schema })
    await store.create({ name: 'new_feature', rollout: 10 })
    await sql.unsafe(
      `ALTER TABLE ${flags} DISABLE TRIGGER USER; UPDATE ${flags} SET version = 1000; ALTER TABLE ${flags} ENABLE TRIGGER USER`,
    )
    expect((await store.load(['new_feature'])).flags.get('new_feature')).toMatchObject({ version: 1 })
    expect((await store.loadAll()).flags.get('new_feature')).toMatchObject({ version: 1 })
    const change = await store.update('new_feature', { rollout: 20 }, { expectedVersion: 1 })
    expect(change.version).toBe(2)
    await sql.unsafe(`UPDATE ${flags} SET rollout = 30`)
    expect((await store.load(['new_feature'])).flags.get('new_feature')).toMatchObject({ version: 3, rollout: 30 })
  })
})
