import { afterEach, expect, inject, test } from 'vitest'
import { startPostgres, startRedis } from '../src/index.ts'
import type { Service } from '../src/service/service.ts'
import { environmentSource } from '../src/sources/environment-source.ts'
import type { ServiceSource } from '../src/sources/service-source.ts'

const asked: string[] = []
const absent =
  (name: string): ServiceSource =>
  async () => {
    asked.push(name)
    return { absent: `no ${name}` }
  }
const present =
  (name: string): ServiceSource =>
  async () => {
    asked.push(name)
    return fake(name)
  }

function fake(origin: string): Service {
  return { kind: 'redis', url: 'redis://127.0.0.1:1', origin, product: 'Redis 7', stop: async () => {} }
}

afterEach(() => void asked.splice(0))

test('the first source that has a service is used, and no later one is tried', async () => {
  const taken = await startRedis([absent('variable'), absent('engine'), present('machine'), present('package')])
  expect(taken.origin).toBe('machine')
  expect(asked).toEqual(['variable', 'engine', 'machine'])
})

test('if no source has a service, a single line says why and what to do', async () => {
  const redis = startRedis([absent('variable'), absent('package')])
  await expect(redis).rejects.toThrow(/^No Redis is available: set REDIS_URL, .* \(no variable; no package\)$/)
  await expect(startPostgres([])).rejects.toThrow(/set DATABASE_URL/)
})

test('a source that fails ends the search', async () => {
  const broken: ServiceSource = async () => {
    throw new Error('named, but dead')
  }
  await expect(startRedis([broken, present('machine')])).rejects.toThrow('named, but dead')
  expect(asked).toEqual([])
})

test('a service that the environment names is used as it is and not stopped', async () => {
  const env = { DATABASE_URL: inject('databaseUrl'), REDIS_URL: inject('redisUrl') }
  const postgres = await startPostgres([environmentSource('postgres', env)])
  expect(postgres).toMatchObject({ kind: 'postgres', url: env.DATABASE_URL, origin: 'DATABASE_URL' })
  expect(postgres.product).toMatch(/^PostgreSQL \d/)
  await postgres.stop()
  const redis = await startRedis([environmentSource('redis', env)])
  await redis.stop()
  const again = await startRedis([environmentSource('redis', env)])
  expect(again.product).toMatch(/^(Redis|Valkey) \d/)
})

test('if a service that the environment names does not answer, it is an error, and no other source is tried', async () => {
  const dead = startRedis([environmentSource('redis', { REDIS_URL: 'redis://127.0.0.1:1' }), present('machine')])
  await expect(dead).rejects.toThrow(/^REDIS_URL is set, but what it names does not answer: /)
  const gone = startPostgres([environmentSource('postgres', { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/postgres' })])
  await expect(gone).rejects.toThrow(/^DATABASE_URL is set, but what it names does not answer: /)
  await expect(startRedis([environmentSource('redis', {})])).rejects.toThrow(/REDIS_URL is not set/)
})
