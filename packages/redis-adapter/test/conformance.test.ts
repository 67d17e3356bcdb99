import { randomBytes } from 'node:crypto'
import type { FlagCache } from '@flagstone/core/adapter'
import { type CacheEntryKey, type CacheHarness, cacheCases } from '@flagstone/core/conformance'
import { redisCache } from '@flagstone/redis-adapter'
import { afterAll, describe, test } from 'vitest'
import { majors, openRedisClient, redisPort } from './test-redis.ts'

const redis = openRedisClient()

/** Each case gets its own prefix. */
function harness(connect: (prefix: string) => FlagCache): CacheHarness {
  return {
    async open() {
      const prefix = `c${randomBytes(6).toString('hex')}:`
      const caches: FlagCache[] = []
      const peer = async (): Promise<FlagCache> => {
        const cache = connect(prefix)
        caches.push(cache)
        return cache
      }
      const keys = (): Promise<string[]> => redis.keys(`${prefix}*`)
      return {
        cache: await peer(),
        peer,
        async advance(ms) {
          for (const key of await keys()) {
            const left = (await redis.pttl(key)) - ms
            if (left > 0) await redis.pexpire(key, left)
            else await redis.unlink(key)
          }
        },
        async corrupt(entry, value) {
          const key = prefix + keyOf(entry)
          const [fence, asOf] = (await redis.get(key))?.split('|') ?? []
          await redis.set(key, `${fence}|${asOf}|${value}`, 'KEEPTTL')
        },
        async end() {
          await Promise.all(caches.map((cache) => cache.close()))
          const left = await keys()
          if (left.length > 0) await redis.unlink(...left)
        },
      }
    },
  }
}

function keyOf(entry: CacheEntryKey): string {
  return entry.kind === 'flag' ? `feature_flag:${entry.name}` : `flag_${entry.kind}:${entry.name}:${entry.targetingKey}`
}

for (const { major, Redis } of majors) {
  describe(`on a client of ioredis ${major}, the cache keeps the contract:`, () => {
    const client = Redis({ port: redisPort })
    afterAll(() => client.disconnect())
    for (const { name, skip, run } of cacheCases(harness((prefix) => redisCache({ client, prefix })))) {
      test.skipIf(skip !== undefined)(skip === undefined ? name : `${name} (${skip})`, run)
    }
  })
}
