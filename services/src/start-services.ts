import type { Binaries } from './binaries/binaries.ts'
import { fetchPostgres } from './binaries/fetch-postgres.ts'
import { fetchRedis } from './binaries/fetch-redis.ts'
import { findPostgres, findRedis } from './binaries/find-binaries.ts'
import { startPrivatePostgres } from './private-servers/private-postgres.ts'
import { startPrivateRedis } from './private-servers/private-redis.ts'
import { errorReason } from './service/error-reason.ts'
import { isNotAvailable, type NotAvailable } from './service/not-available.ts'
import type { PrivateService, Service } from './service/service.ts'
import { containerSource } from './sources/container-source.ts'
import { environmentSource } from './sources/environment-source.ts'
import type { ServiceSource } from './sources/service-source.ts'

export interface Services {
  readonly postgres: Service
  readonly redis: Service
  stop(): Promise<void>
}

/** The sources of each service, in the order in which they are tried. Only this file decides the order. */
const POSTGRES_SOURCES: readonly ServiceSource[] = [
  environmentSource('postgres'),
  containerSource('postgres'),
  privateServerSource(findPostgres, (binaries) => startPrivatePostgres({ binaries })),
  privateServerSource(fetchPostgres, (binaries) => startPrivatePostgres({ binaries })),
]
const REDIS_SOURCES: readonly ServiceSource[] = [
  environmentSource('redis'),
  containerSource('redis'),
  privateServerSource(findRedis, (binaries) => startPrivateRedis({ binaries })),
  privateServerSource(fetchRedis, (binaries) => startPrivateRedis({ binaries })),
]

/** A PostgreSQL from the first source that has one. Rejects with one line that says how to get one. */
export function startPostgres(sources: readonly ServiceSource[] = POSTGRES_SOURCES): Promise<Service> {
  return takeFirst(sources, 'No PostgreSQL is available', 'set DATABASE_URL, start a container engine, or install postgresql')
}

/** A Redis from the first source that has one. Rejects with one line that says how to get one. */
export function startRedis(sources: readonly ServiceSource[] = REDIS_SOURCES): Promise<Service> {
  return takeFirst(sources, 'No Redis is available', 'set REDIS_URL, start a container engine, or install redis-server')
}

/** Both services. If one is not available, the other is stopped before this rejects. */
export async function startServices(): Promise<Services> {
  const [postgres, redis] = await Promise.allSettled([startPostgres(), startRedis()])
  if (postgres.status === 'fulfilled' && redis.status === 'fulfilled') {
    return {
      postgres: postgres.value,
      redis: redis.value,
      stop: async () => void (await Promise.all([postgres.value.stop(), redis.value.stop()])),
    }
  }
  for (const taken of [postgres, redis]) if (taken.status === 'fulfilled') await taken.value.stop()
  const failed = [postgres, redis].filter((taken) => taken.status === 'rejected')
  throw new Error(failed.map((taken) => errorReason(taken.reason)).join('\n'), { cause: failed[0]?.reason })
}

async function takeFirst(sources: readonly ServiceSource[], what: string, remedy: string): Promise<Service> {
  const reasons: string[] = []
  for (const source of sources) {
    const taken = await source()
    if (!isNotAvailable(taken)) return taken
    reasons.push(taken.absent)
  }
  throw new Error(`${what}: ${remedy}. (${reasons.join('; ')})`)
}

/** Starts a private server from the programs of a source. If they do not start, the next source is tried. */
function privateServerSource(
  source: () => Promise<Binaries | NotAvailable>,
  start: (binaries: Binaries) => Promise<PrivateService>,
): ServiceSource {
  return async () => {
    const binaries = await source()
    if (isNotAvailable(binaries)) return binaries
    return start(binaries).catch((error: unknown) => ({ absent: `${binaries.origin} does not start (${errorReason(error)})` }))
  }
}
