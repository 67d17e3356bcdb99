import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { PrivateService } from '@flagstone/services'
import { openClient } from './test-database.ts'

/** A copy of a server's whole data folder, as a snapshot of its disk would be. */
export interface Backup {
  /** Puts the server back to the moment of the copy. It is up again when this resolves. */
  restore(): Promise<void>
}

/** Takes a backup of a private PostgreSQL, which is down for the moment that it takes. */
export async function createBackup(server: PrivateService): Promise<Backup> {
  const sql = openClient(server.url, 1)
  const [row] = await sql`SHOW data_directory`
  await sql`CHECKPOINT`
  await sql.end()
  const data = String(row?.['data_directory'])
  const copy = `${data}.backup`
  // Not cp of node:fs, which does not keep the owner; the server may run as another user than this process.
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
