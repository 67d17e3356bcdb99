import { container } from './container.ts'
import { fetchPostgres } from './fetch-postgres.ts'
import { fetchRedis } from './fetch-redis.ts'
import { findPostgres, findRedis } from './find-binaries.ts'
import { given } from './given.ts'
import { startPrivatePostgres } from './private-postgres.ts'
import { startPrivateRedis } from './private-redis.ts'
import { type Absent, type Binaries, isAbsent, type PrivateService, type Rung, reasonOf, type Service } from './service.ts'

export interface Services {
  readonly postgres: Service
  readonly redis: Service
  stop(): Promise<void>
}

/** The order in which each service is looked for. This file is the only place that decides. */
const POSTGRES_RUNGS: readonly Rung[] = [
  given('postgres'),
  container('postgres'),
  privately(findPostgres, (binaries) => startPrivatePostgres({ binaries })),
  privately(fetchPostgres, (binaries) => startPrivatePostgres({ binaries })),
]
const REDIS_RUNGS: readonly Rung[] = [
  given('redis'),
  container('redis'),
  privately(findRedis, (binaries) => startPrivateRedis({ binaries })),
  privately(fetchRedis, (binaries) => startPrivateRedis({ binaries })),
]

/** A PostgreSQL, from the first source that has one; rejects with one line that tells how to get one. */
export function takePostgres(rungs: readonly Rung[] = POSTGRES_RUNGS): Promise<Service> {
  return takeFirst(rungs, 'No PostgreSQL can be had', 'set DATABASE_URL, start a container engine, or install postgresql')
}

/** A Redis, from the first source that has one; rejects with one line that tells how to get one. */
export function takeRedis(rungs: readonly Rung[] = REDIS_RUNGS): Promise<Service> {
  return takeFirst(rungs, 'No Redis can be had', 'set REDIS_URL, start a container engine, or install redis-server')
}

/** Both services. When one cannot be had, the other one is given back before this rejects. */
export async function takeServices(): Promise<Services> {
  const [postgres, redis] = await Promise.allSettled([takePostgres(), takeRedis()])
  if (postgres.status === 'fulfilled' && redis.status === 'fulfilled') {
    return {
      postgres: postgres.value,
      redis: redis.value,
      stop: async () => void (await Promise.all([postgres.value.stop(), redis.value.stop()])),
    }
  }
  for (const taken of [postgres, redis]) if (taken.status === 'fulfilled') await taken.value.stop()
  const failed = [postgres, redis].filter((taken) => taken.status === 'rejected')
  throw new Error(failed.map((taken) => reasonOf(taken.reason)).join('\n'), { cause: failed[0]?.reason })
}

async function takeFirst(rungs: readonly Rung[], what: string, remedy: string): Promise<Service> {
  const reasons: string[] = []
  for (const rung of rungs) {
    const taken = await rung()
    if (!isAbsent(taken)) return taken
    reasons.push(taken.absent)
  }
  throw new Error(`${what}: ${remedy}. (${reasons.join('; ')})`)
}

/** Programs that do not start are as good as none: the next rung may have better ones. */
function privately(source: () => Promise<Binaries | Absent>, start: (binaries: Binaries) => Promise<PrivateService>): Rung {
  return async () => {
    const binaries = await source()
    if (isAbsent(binaries)) return binaries
    return start(binaries).catch((error: unknown) => ({ absent: `${binaries.origin} does not start (${reasonOf(error)})` }))
  }
}
