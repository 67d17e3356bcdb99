import { type Cursor, type FlagStore, FlagsError } from '@flagstone/core/adapter'
import { postgresStore } from '@flagstone/pg-adapter'
import type { Sql } from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from './test-database.ts'

const LOCK = 47_111_234

let database: TestDatabase
let store: FlagStore
beforeEach(async () => {
  database = await openTestDatabase()
  store = postgresStore({ sql: database.sql, schema: database.schema })
})
afterEach(() => database.end())

/** Inserts `early`, which gets its version, and stops before its second row until `end` is called. */
async function halfWritten(): Promise<{ end(): Promise<void> }> {
  const [holder, writer] = [database.pool(1), database.pool(1)]
  const waits = await waitingOf(writer)
  await holder`SELECT pg_advisory_lock(${LOCK})`
  const writing = writer
    .unsafe(
      `INSERT INTO ${database.flags} (name) SELECT name FROM unnest(ARRAY['early', 'last']) name
       WHERE CASE name WHEN 'last' THEN pg_advisory_xact_lock(${LOCK})::text = '' ELSE true END`,
    )
    .execute()
  await waits()
  return {
    async end() {
      await holder`SELECT pg_advisory_unlock(${LOCK})`
      await writing
    },
  }
}

/** Returns a function that waits until the client's only connection waits for a lock. */
async function waitingOf(client: Sql): Promise<() => Promise<void>> {
  const [own] = await client`SELECT pg_backend_pid() AS pid`
  return async () => {
    for (;;) {
      const found = await database.sql`SELECT FROM pg_locks WHERE pid = ${own?.['pid']} AND NOT granted`
      if (found.length > 0) return
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

async function told(cursor: Cursor): Promise<{ readonly names: readonly string[]; readonly cursor: Cursor }> {
  const changes = await store.changesSince(cursor)
  if (changes.kind === 'lost') throw new FlagsError('GENERAL', changes.why)
  return { names: changes.changed.map(({ name }) => name), cursor: changes.cursor }
}

describe('versions are in the order of commits', () => {
  test('because a write waits for an earlier one that has its version, so a cursor gets both', async () => {
    const { cursor } = await store.head()
    const early = await halfWritten()
    const writer = database.pool(1)
    const waits = await waitingOf(writer)
    const late = writer.unsafe(`INSERT INTO ${database.flags} (name) VALUES ('late')`).execute()
    await waits()
    const first = await told(cursor)
    await early.end()
    await late
    const second = await told(first.cursor)
    expect([first.names, [...second.names].sort()]).toEqual([[], ['early', 'last', 'late']])
  })

  test('and without that lock a cursor misses a change that was written first and committed last', async () => {
    await database.sql.unsafe(`
      CREATE OR REPLACE FUNCTION "${database.schema}".feature_flag_lock() RETURNS void LANGUAGE sql AS 'SELECT'`)
    const { cursor } = await store.head()
    const early = await halfWritten()
    await database.sql.unsafe(`INSERT INTO ${database.flags} (name) VALUES ('late')`)
    const first = await told(cursor)
    await early.end()
    const second = await told(first.cursor)
    expect([...first.names, ...second.names]).toContain('late')
    expect([...first.names, ...second.names]).not.toContain('early')
  })
})
