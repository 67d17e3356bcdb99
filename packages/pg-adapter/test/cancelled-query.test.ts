import postgres from 'postgres'
import { expect, test } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { databaseUrl, freshSchema } from './test-database.ts'

/** Sends rows before it hangs. */
const HANGS_HALF_WAY = `
  SELECT n, repeat('x', 20000), CASE WHEN n = 50 THEN pg_sleep(10)::text END FROM generate_series(1, 60) n`

test('a query that was cancelled half way spoils no load that follows it on its connection', async () => {
  const { schema, sql } = await freshSchema()
  const single = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  const store = postgresStore({ sql: single, schema })
  await store.create({ name: 'new_feature', rollout: 100 })
  const [{ pid } = { pid: 0 }] = await single<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  const query = single.unsafe(HANGS_HALF_WAY).execute()
  await expect
    .poll(() => sql`SELECT wait_event FROM pg_stat_activity WHERE pid = ${pid}`, { timeout: 5_000 })
    .toMatchObject([{ wait_event: 'PgSleep' }])
  await sql`SELECT pg_cancel_backend(${pid})`
  await expect(query).rejects.toThrow('canceling statement')
  expect((await store.load(['new_feature'])).flags.get('new_feature')).toMatchObject({ rollout: 100 })
  await store.close()
  await single.end()
})
