import type { FlagCache, FlagRecord } from '@flagstone/core'
import { redisCache } from '@flagstone/redis-adapter'
import type { BenchmarkServices } from './benchmark-services.ts'
import { describeDistribution } from './distribution.ts'
import { type Result, ratio, type Samples } from './results-table.ts'
import { now } from './worker-messages.ts'

const SIZES = [0, 1_000, 100_000]
const ROUNDS = 1_000
const BATCH = 2_000
/** A flag at version 1, cached long enough to remain until the end. */
const [VERSION, TTL_MS] = [1, 600_000]
const TARGET = { times: 2, at: 'both' } as const

/** A flag and its cached users, as restored before each invalidation. */
interface Subject {
  readonly users: number
  readonly name: string
  readonly fence: string
  readonly entry: string
  readonly samples: number[]
}

/** Measures `cache.invalidate` for a flag without cached users and for flags with many. */
export async function measureInvalidations(services: BenchmarkServices): Promise<readonly Result[]> {
  await services.bare.flushall()
  const cache = redisCache({ url: services.redis.url })
  try {
    await cache.open('figures')
    const subjects: Subject[] = []
    for (const users of SIZES) subjects.push(await fill(services, cache, users))
    console.log(`  ${await services.bare.dbsize()} keys in Redis; ${ROUNDS} rounds`)
    for (const subject of subjects) await check(services, cache, subject)
    for (let round = 0; round < ROUNDS; round++) {
      for (const index of subjects.keys()) {
        const subject = subjects[(index + round) % subjects.length] as Subject
        await restoreEntries(services, subject)
        const from = now()
        const raised = await cache.invalidate(subject.name, VERSION + 1)
        subject.samples.push(now() - from)
        if (raised !== 'raised') throw new Error(`The fence of ${subject.name} was not raised.`)
      }
    }
    const left = await services.bare.dbsize()
    if (left < Math.max(...SIZES)) throw new Error(`Only ${left} keys were left in Redis at the end, so the figure is wrong.`)
    const samples = subjects.map(({ users, samples: ms }): Samples => ({ what: `${users.toLocaleString('en')} cached users`, ms }))
    for (const { what, ms } of samples) console.log(`  ${what.padEnd(36)} ${describeDistribution(ms)}`)
    const [none, ...some] = samples as [Samples, ...Samples[]]
    return some.map((own) => ratio({ ...own, what: `c. invalidate, ${own.what}` }, none, TARGET))
  } finally {
    await cache.close()
    await services.bare.flushall()
  }
}

async function fill({ bare }: BenchmarkServices, cache: FlagCache, users: number): Promise<Subject> {
  const name = `cached_for_${users}`
  await cache.invalidate(name, VERSION)
  const [{ token } = { token: undefined }] = await cache.read([{ name }])
  if (token === undefined) throw new Error(`${name} has no fence.`)
  const filled = [...(await cache.fill([{ name, token, flag: { asOf: VERSION, value: record(name), ttlMs: TTL_MS } }]))]
  for (let from = 0; from < users; from += BATCH) {
    const keys = Array.from({ length: Math.min(BATCH, users - from) }, (_, index) => `user-${from + index}`)
    const checkInvalidation = { kind: 'check', asOf: VERSION, value: true, ttlMs: TTL_MS } as const
    filled.push(...(await cache.fill(keys.map((targetingKey) => ({ name, token, decision: { ...checkInvalidation, targetingKey } })))))
  }
  if (filled.includes(false)) throw new Error(`${name} was not filled.`)
  const [fence, entry] = await bare.mget(`flag_fence:${name}`, `feature_flag:${name}`)
  return { users, name, fence: fence ?? '', entry: entry ?? '', samples: [] }
}

/** Undoes the last invalidation: every entry carries the token of the fence again. */
async function restoreEntries({ bare }: BenchmarkServices, { name, fence, entry }: Subject): Promise<void> {
  await bare.mset(`flag_fence:${name}`, fence, `feature_flag:${name}`, entry)
}

/** Checks that cached decisions are valid before an invalidation, and none after it. */
async function check(services: BenchmarkServices, cache: FlagCache, subject: Subject): Promise<void> {
  const { name, users } = subject
  const asked = [0, Math.floor(users / 2), users - 1].slice(0, users)
  const known = async (): Promise<number> => {
    const reads = await cache.read(asked.map((user) => ({ name, decision: { kind: 'check', targetingKey: `user-${user}` } as const })))
    return reads.filter(({ decision }) => decision !== undefined).length
  }
  await restoreEntries(services, subject)
  if ((await known()) !== asked.length) throw new Error(`Users of ${name} are not cached.`)
  await cache.invalidate(name, VERSION + 1)
  if ((await known()) > 0) throw new Error(`Users of ${name} get answers from before the invalidation.`)
}

function record(name: string): FlagRecord {
  const at = '2026-01-01T00:00:00.000Z'
  return { name, schema: 1, enabled: true, rollout: 100, hashVersion: 1, version: VERSION, createdAt: at, updatedAt: at }
}
