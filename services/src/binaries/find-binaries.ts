import { execFile } from 'node:child_process'
import { access, constants, readdir, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { NotAvailable } from '../service/not-available.ts'
import type { Binaries } from './binaries.ts'

const DEBIAN_POSTGRES = '/usr/lib/postgresql'
const run = promisify(execFile)

/** PostgreSQL's programs on this machine: on the path, or where Debian puts them. */
export async function findPostgres(): Promise<Binaries | NotAvailable> {
  for (const folder of [...pathFolders(), ...(await debianFolders())]) {
    const [postgres, initdb] = await Promise.all([program(folder, 'postgres'), program(folder, 'initdb')])
    if (postgres && initdb && (await runs(postgres))) return onMachine(dirname(postgres))
  }
  return { absent: 'no postgres and initdb on this machine' }
}

/** Redis' or Valkey's server on this machine. */
export async function findRedis(): Promise<Binaries | NotAvailable> {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of pathFolders()) {
      const server = await program(folder, name)
      if (server && (await runs(server))) return onMachine(folder)
    }
  }
  return { absent: 'no redis-server or valkey-server on this machine' }
}

/** nginx on this machine, also if it is only on root's path. */
export async function findNginx(): Promise<Binaries | NotAvailable> {
  for (const folder of pathFolders()) {
    const nginx = await program(folder, 'nginx')
    if (nginx && (await runs(nginx, '-v'))) return onMachine(folder)
  }
  return { absent: 'no nginx on this machine' }
}

function onMachine(folder: string): Binaries {
  return { origin: `private instance of ${folder}`, place: async () => ({ folder, env: {} }) }
}

function pathFolders(): string[] {
  const usual = ['/usr/local/bin', '/usr/bin', '/usr/sbin', '/opt/homebrew/bin']
  return [...new Set([...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...usual])]
}

/** Newest version first. */
async function debianFolders(): Promise<string[]> {
  const versions = await readdir(DEBIAN_POSTGRES).catch(() => [])
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN_POSTGRES, version, 'bin'))
}

/** The program's real path: PostgreSQL looks for its files next to it. */
async function program(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name)
  try {
    await access(path, constants.X_OK)
    return await realpath(path)
  } catch {
    return undefined
  }
}

async function runs(file: string, version = '--version'): Promise<boolean> {
  return run(file, [version], { timeout: 5000 }).then(
    () => true,
    () => false,
  )
}
