import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { PrivateService } from '@flagstone/services'
import { openClient } from './test-database.ts'

/** A copy of a server's data folder, like a disk snapshot. */
export interface Backup {
  /** Restores the copy. The server is running again when this resolves. */
  restore(): Promise<void>
}

/** Backs up a private PostgreSQL, which is stopped meanwhile. */
export async function createBackup(server: PrivateService): Promise<Backup> {
  const sql = openClient(server.url, 1)
  const [row] = await sql`SHOW data_directory`
  await sql`CHECKPOINT`
  await sql.end()
  const data = String(row?.['data_directory'])
  const copy = `${data}.backup`
  // `cp` of node:fs does not keep the owner, and the server may run as another user.
  const copyFolder = (from: string, to: string) => promisify(execFile)('cp', ['-a', from, to])
  await server.kill()
  await copyFolder(data, copy)
  await server.restart()
  return {
    async restore() {
      await server.kill()
      await rm(data, { recursive: true })
      await copyFolder(copy, data)
      await server.restart()
    },
  }
}
