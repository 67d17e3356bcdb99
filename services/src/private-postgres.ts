import { join } from 'node:path'
import { fetchPostgres } from './fetch-postgres.ts'
import { findPostgres } from './find-binaries.ts'
import { firstBinaries } from './first-binaries.ts'
import { type GuardedFolder, guardedFolder } from './guarded-folder.ts'
import { startInstance } from './instance.ts'
import { runUnprivileged } from './process.ts'
import type { Binaries, PlacedBinaries, PrivateService } from './service.ts'

export interface PrivatePostgresOptions {
  /** Which programs to run; by default those on this machine, else fetched ones. */
  readonly binaries?: Binaries
  /** Settings as `postgres -c` takes them, such as `{ wal_level: 'logical' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Starts a PostgreSQL of its own: superuser `postgres`, no password, reachable on 127.0.0.1 only. */
export function startPrivatePostgres(options: PrivatePostgresOptions = {}): Promise<PrivateService> {
  return startPostgresOn(initialise, options)
}

/** Makes the data folder `data` within `folder`. */
export type MakeData = (folder: GuardedFolder, data: string, placed: PlacedBinaries) => Promise<void>

/** The same on a data folder that `make` has made. */
export async function startPostgresOn(make: MakeData, options: PrivatePostgresOptions): Promise<PrivateService> {
  const binaries = options.binaries ?? (await firstBinaries('PostgreSQL', [findPostgres, fetchPostgres]))
  const folder = await guardedFolder('postgres')
  const data = join(folder.path, 'data')
  const placed = await prepare(binaries, folder, (programs) => make(folder, data, programs))
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    ...options.settings,
  }
  return startInstance({
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

async function prepare(
  binaries: Binaries,
  folder: GuardedFolder,
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

async function initialise(folder: GuardedFolder, data: string, placed: PlacedBinaries): Promise<void> {
  const args = ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
  await runUnprivileged(join(placed.folder, 'initdb'), args, { folder, env: placed.env })
}
