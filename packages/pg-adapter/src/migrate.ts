import type { Sql } from 'postgres'
import { openUrl } from './client.ts'
import { rows, transaction } from './database.ts'
import { storeError } from './errors.ts'
import { MIGRATION_LOCK } from './migrations/frame.ts'
import { migrations } from './migrations/index.ts'
import { type DatabaseOptions, migrateTarget } from './options.ts'

export type MigrateOptions = DatabaseOptions

/** How many migrations this schema has seen. A missing clock row counts as none: they may run again, and bring it back. */
async function applied(tx: Parameters<typeof rows>[0], schema: string): Promise<number> {
  const clock = `"${schema}".feature_flag_clock`
  const [[table] = []] = await rows(tx, 'SELECT to_regclass($1::text)', [clock])
  if (!table) return 0
  const [[migration] = []] = await rows(tx, `SELECT migration FROM ${clock}`)
  return Number(migration ?? 0)
}

async function run(sql: Sql, schema: string): Promise<readonly string[]> {
  return transaction(sql, async (tx) => {
    await tx.unsafe(`SET LOCAL client_min_messages = warning; SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
    const missing = migrations(schema).slice(await applied(tx, schema))
    for (const { sql: text } of missing) await tx.unsafe(text)
    return missing.map(({ id }) => id)
  })
}

/**
 * Brings the tables up to this build, in one transaction; answers the ids of the migrations that it ran. Any number of processes may call
 * it at once. Needs PostgreSQL 14, and the rights to create tables and functions in the schema (and the schema, where it is missing).
 *
 * Rejects with `INVALID_OPTIONS`, `STORE_UNAVAILABLE`, or `GENERAL` with the server's refusal as `cause`.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { client, schema } = migrateTarget(options)
  const own = 'url' in client ? openUrl('url', client.url, { max: 1 }) : undefined
  try {
    return await run('url' in client ? (own as { sql: Sql }).sql : client.sql, schema)
  } catch (error) {
    throw storeError(error, `The schema ${schema} could not be migrated`)
  } finally {
    await own?.end()
  }
}
