import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Binaries } from '../binaries/binaries.ts'
import { fetchRedis } from '../binaries/fetch-redis.ts'
import { findRedis } from '../binaries/find-binaries.ts'
import { firstAvailableBinaries } from '../binaries/first-available-binaries.ts'
import { createServerFolder } from '../processes/server-folder.ts'
import type { PrivateService } from '../service/service.ts'
import { startPrivateServer } from './private-server.ts'

export interface PrivateRedisOptions {
  /** Which programs to run; by default those on this machine, else fetched ones. */
  readonly binaries?: Binaries
  /** Whether data survives `kill()` and `restart()`. Default false. */
  readonly persist?: boolean
  /** Further arguments of `redis-server`, such as `['--maxmemory', '4mb']`. */
  readonly args?: readonly string[]
}

/** Starts a Redis without password, reachable on 127.0.0.1 only. */
export async function startPrivateRedis(options: PrivateRedisOptions = {}): Promise<PrivateService> {
  const binaries = options.binaries ?? (await firstAvailableBinaries('Redis', [findRedis, fetchRedis]))
  const folder = await createServerFolder('redis')
  const placed = await binaries.place(folder.path).catch(async (error: unknown) => {
    await folder.remove()
    throw error
  })
  const server = ['redis-server', 'valkey-server'].map((name) => join(placed.folder, name)).find((path) => existsSync(path))
  if (!server) throw new Error(`${placed.folder} holds no redis-server`)
  const persistence = options.persist ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  return startPrivateServer({
    kind: 'redis',
    origin: binaries.origin,
    folder,
    file: server,
    env: placed.env,
    stopSignal: 'SIGTERM',
    args: (port) => [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder.path,
      '--save',
      '',
      ...persistence,
      ...(options.args ?? []),
    ],
    url: (port) => `redis://127.0.0.1:${port}`,
  })
}
