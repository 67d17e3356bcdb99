import type { FlagStore } from '@flagstone/core/adapter'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { type PrivateService, startPrivatePostgres } from '@flagstone/services'
import type { Sql } from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openClient } from './test-database.ts'

/** One side of the replication: its server, a client, and a Flagstone store. */
interface Side {
  readonly server: PrivateService
  readonly sql: Sql
  readonly store: FlagStore
}

const FLAGS = 'public.feature_flags'
const SEGMENTS = 'public.feature_flag_segments'
const ATTEMPTS = { timeout: 15_000, interval: 20 }

async function start(): Promise<Side> {
  const server = await startPrivatePostgres({ settings: { wal_level: 'logical', wal_retrieve_retry_interval: '100ms' } })
  const sql = openClient(server.url, 2)
  await migrate({ sql })
  return { server, sql, store: postgresStore({ sql }) }
}

let publisher: Side
let subscriber: Side
beforeAll(async () => {
  ;[publisher, subscriber] = await Promise.all([start(), start()])
})
afterAll(async () => {
  for (const { sql, server } of [publisher, subscriber]) {
    await sql.end()
    await server.stop()
  }
})

/** The content of all tables of Flagstone. */
async function contents({ sql }: Side): Promise<unknown> {
  const [row] = await sql.unsafe(`
    SELECT (SELECT json_agg(f ORDER BY name) FROM ${FLAGS} f) AS flags,
      (SELECT json_agg(g ORDER BY name) FROM ${SEGMENTS} g) AS segments,
      (SELECT json_agg(c ORDER BY version) FROM public.feature_flag_changes c) AS changes,
      (SELECT json_agg(k) FROM public.feature_flag_clock k) AS clock`)
  return row
}

async function subscriberCaughtUp(): Promise<void> {
  await vi.waitFor(async () => expect(await contents(subscriber)).toEqual(await contents(publisher)), ATTEMPTS)
}

/** How often a worker of the subscription failed; `undefined` before PostgreSQL 15, which does not count it. */
async function workerErrors(): Promise<number | undefined> {
  const [view] = await subscriber.sql`SELECT to_regclass('pg_stat_subscription_stats') IS NOT NULL AS counts`
  if (view?.['counts'] !== true) return undefined
  const [row] = await subscriber.sql`SELECT (apply_error_count + sync_error_count)::int AS errors FROM pg_stat_subscription_stats`
  return Number(row?.['errors'])
}

/** Sets whether Flagstone's triggers on the subscriber also fire for rows that replication applies. */
async function setTriggers(mode: 'ENABLE ALWAYS' | 'ENABLE'): Promise<void> {
  const triggers = await subscriber.sql`SELECT tgname AS name, tgrelid::regclass AS table FROM pg_trigger WHERE tgname LIKE 'flagstone%'`
  expect(triggers).toHaveLength(12)
  for (const { name, table } of triggers) await subscriber.sql.unsafe(`ALTER TABLE ${table} ${mode} TRIGGER ${name}`)
}

async function workerPid(): Promise<number> {
  const [row] = await subscriber.sql`SELECT pid FROM pg_stat_subscription WHERE relid IS NULL`
  return Number(row?.['pid'])
}

test('a database that replicates all its tables keeps replicating, and each change is logged once', async () => {
  const { sql, store } = publisher
  await store.create({ name: 'before', rollout: 10 }, { actor: 'ada' })
  await store.segments.create({ name: 'before', members: ['ada'] })
  // Replication copies the clock's row, as into tables from a schema-only dump.
  await subscriber.sql`DELETE FROM public.feature_flag_clock`
  await sql`CREATE PUBLICATION everything FOR ALL TABLES`
  const { hostname, port, username } = new URL(publisher.server.url)
  await subscriber.sql.unsafe(`
    CREATE SUBSCRIPTION everything CONNECTION 'host=${hostname} port=${port} user=${username} dbname=postgres' PUBLICATION everything`)
  await subscriberCaughtUp()
  const worker = await workerPid()
  const { cursor } = await subscriber.store.head()

  await store.update('before', { rollout: 20 }, { actor: 'bob' })
  await sql.unsafe(`INSERT INTO ${FLAGS} (name) SELECT 'flag-' || n FROM generate_series(1, 50) n`)
  await sql.unsafe(`UPDATE ${FLAGS} SET rollout = 30`)
  await sql.unsafe(`INSERT INTO ${FLAGS} (name) VALUES ('flag-1'), ('new') ON CONFLICT (name) DO UPDATE SET rollout = 40`)
  await sql.unsafe(`UPDATE ${FLAGS} SET name = 'renamed' WHERE name = 'flag-2'`)
  await store.delete('flag-3')
  await store.segments.update('before', { members: ['ada', 'bob'] }, { actor: 'bob' })
  await sql.unsafe(`INSERT INTO ${SEGMENTS} (name) SELECT 'segment-' || n FROM generate_series(1, 50) n`)
  await sql.unsafe(`UPDATE ${SEGMENTS} SET name = 'renamed' WHERE name = 'segment-2'`)
  await store.segments.delete('segment-3')
  await subscriberCaughtUp()
  await sql.unsafe(`TRUNCATE ${FLAGS}, ${SEGMENTS}`)
  await store.create({ name: 'after', rollout: 50, rules: [{ when: [] }] })
  await store.segments.create({ name: 'after', members: ['ada'] })
  await subscriberCaughtUp()

  expect((await subscriber.store.head()).cursor).toEqual((await store.head()).cursor)
  expect(await subscriber.store.history('after')).toEqual(await store.history('after'))
  expect(await subscriber.store.history('segment:before')).toEqual(await store.history('segment:before'))
  const { storeId: _, ...told } = await store.changesSince(cursor)
  expect(await subscriber.store.changesSince(cursor)).toMatchObject(told)
  expect(await workerPid()).toBe(worker)
  expect([0, undefined]).toContain(await workerErrors())
}, 60_000)

test('the same database stops replicating if the triggers fire for replicated rows', async (context) => {
  if ((await workerErrors()) === undefined) context.skip('this PostgreSQL does not count the errors of a subscription')
  await setTriggers('ENABLE ALWAYS')
  await publisher.store.update('after', { rollout: 51 })
  await vi.waitFor(async () => expect(await workerErrors()).toBeGreaterThan(0), ATTEMPTS)
  await setTriggers('ENABLE')
  await subscriberCaughtUp()
}, 60_000)

test("a subscriber that takes over continues after the publisher's last version, as another store with the same history", async () => {
  expect(await publisher.store.prune(0)).toBeGreaterThan(0)
  await subscriberCaughtUp()
  const { storeId, cursor } = await publisher.store.head()
  await subscriber.sql`DROP SUBSCRIPTION everything`
  const change = await subscriber.store.update('after', { rollout: 60 })
  expect(change.version).toBeGreaterThan(cursor.version)
  expect((await subscriber.store.head()).storeId).not.toBe(storeId)
  expect(await subscriber.store.changesSince(cursor)).toMatchObject({
    kind: 'changes',
    changed: [{ name: 'after', flag: { rollout: 60 } }],
  })
}, 60_000)
