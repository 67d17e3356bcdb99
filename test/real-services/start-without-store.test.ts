import { createFlags, type Flags } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { type PrivateService, startPrivatePostgres, startPrivateRedis } from '@flagstone/services'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitUntil } from './service-chain.ts'

let postgres: PrivateService
let redis: PrivateService
const clients: Flags[] = []

function client(): Flags {
  const flags = createFlags({ store: postgresStore({ url: postgres.url }), cache: redisCache({ url: redis.url }) })
  clients.push(flags)
  return flags
}

beforeEach(async () => {
  ;[postgres, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
  await migrate({ url: postgres.url })
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((flags) => flags.close()))
  await Promise.all([postgres.stop(), redis.stop()])
})

test.each(['stop', 'pause'] as const)(
  'a process that starts while PostgreSQL is away (%s) answers what Redis has, marked STALE',
  async (fault) => {
    const writer = client()
    await writer.admin.create({ name: 'new_feature', rollout: 100 })
    expect(await client().isEnabled('new_feature', 'ada')).toBe(true)
    const keys = new Redis(redis.url)
    await waitUntil(async () => (await keys.exists('feature_flag:new_feature')) === 1)
    keys.disconnect()
    await Promise.all(clients.splice(0).map((flags) => flags.close()))
    await postgres[fault]()
    const late = client()
    expect(await late.evaluate('new_feature', 'ada')).toMatchObject({ enabled: true, reason: 'STALE', source: 'cache' })
    expect(await late.isEnabled('new_feature', 'ada')).toBe(true)
  },
)
