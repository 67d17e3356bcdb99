import { join } from 'node:path'
import type { Binaries, PlacedBinaries } from '../binaries/binaries.ts'
import { fetchPostgres } from '../binaries/fetch-postgres.ts'
import { findPostgres } from '../binaries/find-binaries.ts'
import { firstAvailableBinaries } from '../binaries/first-available-binaries.ts'
import { createServerFolder, type ServerFolder } from '../processes/server-folder.ts'
import { runUnprivileged } from '../processes/server-process.ts'
import type { PrivateService } from '../service/service.ts'
import { startPrivateServer } from './private-server.ts'

export interface PrivatePostgresOptions {
  /** Which programs to run; by default those on this machine, else fetched ones. */
  readonly binaries?: Binaries
  /** Settings as `postgres -c` takes them, such as `{ wal_level: 'logical' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Starts a PostgreSQL with the superuser `postgres` and no password, reachable on 127.0.0.1 only. */
export function startPrivatePostgres(options: PrivatePostgresOptions = {}): Promise<PrivateService> {
  return startPostgresOn(initializeDataFolder, options)
}

/** Creates the data folder `data` in `folder`. */
export type CreateDataFolder = (folder: ServerFolder, data: string, placed: PlacedBinaries) => Promise<void>

/** Like `startPrivatePostgres`, on a data folder that `make` creates. */
export async function startPostgresOn(make: CreateDataFolder, options: PrivatePostgresOptions): Promise<PrivateService> {
  const binaries = options.binaries ?? (await firstAvailableBinaries('PostgreSQL', [findPostgres, fetchPostgres]))
  const folder = await createServerFolder('postgres')
  const data = join(folder.path, 'data')
  const placed = await placeBinaries(binaries, folder, (programs) => make(folder, data, programs))
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    ...options.settings,
  }
  return startPrivateServer({
    kind: 'postgres',
    origin: binaries.origin,
    folder,
    file: join(placed.folder, 'postgres'),
    env: placed.env,
    stopSignal: 'SIGINT',
    args: (port) => ['-D', data, '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
  })
}

async function placeBinaries(
  binaries: Binaries,
  folder: ServerFolder,
  make: (placed: PlacedBinaries) => Promise<void>,
): Promise<PlacedBinaries> {
  try {
    const placed = await binaries.place(folder.path)
    await make(placed)
    return placed
  } catch (error) {
    await folder.remove()
    throw error
  }
}

async function initializeDataFolder(folder: ServerFolder, data: string, placed: PlacedBinaries): Promise<void> {
  const args = ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
  await runUnprivileged(join(placed.folder, 'initdb'), args, { folder, env: placed.env })
}
