import type { Sql } from 'postgres'
import { openClientFromUrl } from '../connection/own-client.ts'
import { runQuery } from '../connection/run-query.ts'
import { runTransaction } from '../connection/run-transaction.ts'
import { storeError } from '../connection/store-error.ts'
import { type DatabaseOptions, resolveMigrateOptions } from '../options/postgres-options.ts'
import { MIGRATION_LOCK } from './bookkeeping.ts'
import { migrations } from './migrations.ts'

export type MigrateOptions = DatabaseOptions

/**
 * How many migrations were run in this schema. If the clock's row is missing it is 0: the migrations may run again, and restore the row.
 */
async function countApplied(tx: Parameters<typeof runQuery>[0], schema: string): Promise<number> {
  const clock = `"${schema}".feature_flag_clock`
  const [[table] = []] = await runQuery(tx, 'SELECT to_regclass($1::text)', [clock])
  if (!table) return 0
  const [[migration] = []] = await runQuery(tx, `SELECT migration FROM ${clock}`)
  return Number(migration ?? 0)
}

async function runMissing(sql: Sql, schema: string): Promise<readonly string[]> {
  return runTransaction(sql, async (tx) => {
    await tx.unsafe(`SET LOCAL client_min_messages = warning; SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
    const missing = migrations(schema).slice(await countApplied(tx, schema))
    for (const { sql: text } of missing) await tx.unsafe(text)
    return missing.map(({ id }) => id)
  })
}

/**
 * Runs the migrations that are missing, in one transaction, and returns their ids. Any number of processes may call it at once. Needs
 * PostgreSQL 14, and the rights to create tables and functions in the schema (and the schema, where it is missing).
 *
 * Rejects with `INVALID_OPTIONS`, `STORE_UNAVAILABLE`, or `GENERAL` with the server's refusal as `cause`.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { client, schema } = resolveMigrateOptions(options)
  const own = 'url' in client ? openClientFromUrl('url', client.url, { max: 1 }) : undefined
  try {
    return await runMissing('url' in client ? (own as { sql: Sql }).sql : client.sql, schema)
  } catch (error) {
    throw storeError(error, `The schema ${schema} could not be migrated`)
  } finally {
    await own?.end()
  }
}
