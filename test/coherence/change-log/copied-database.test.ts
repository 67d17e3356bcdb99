import { createFlags, type Flags, type FlagsError } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { type PrivateService, startPrivatePostgres, startPrivateRedis, startPrivateStandby } from '@flagstone/services'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { waitUntil } from '../../real-services/service-chain.ts'

let database: PrivateService
let redis: PrivateService
const clients: Flags[] = []
const errors: FlagsError[] = []

function client(url: string): Flags {
  const flags = createFlags({
    store: postgresStore({ url }),
    cache: redisCache({ url: redis.url }),
    onError: (error) => errors.push(error),
  })
  clients.push(flags)
  return flags
}

/** The same server, another database. */
const databaseNamed = (name: string): string => database.url.replace(/\/[^/]*$/, `/${name}`)

async function copyDatabase(name: string): Promise<string> {
  await Promise.all(clients.splice(0).map((flags) => flags.close()))
  const sql = postgres(databaseNamed('template1'), { onnotice: () => undefined })
  await sql.unsafe(`CREATE DATABASE ${name} TEMPLATE "${new URL(database.url).pathname.slice(1)}"`)
  await sql.end()
  return databaseNamed(name)
}

beforeEach(async () => {
  ;[database, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
  await migrate({ url: database.url })
  errors.length = 0
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((flags) => flags.close()))
  await Promise.all([database.stop(), redis.stop()])
})

describe('a copy of the database that shares Redis and prefix with its original', () => {
  test('answers nothing to the original, and hears nothing from it; both report it', async () => {
    await client(database.url).admin.create({ name: 'pay', rollout: 0 })
    const staging = client(await copyDatabase('staging'))
    const production = client(database.url)
    expect([await production.isEnabled('pay', 'ada'), await staging.isEnabled('pay', 'ada')]).toEqual([false, false])
    const { propagation } = await staging.admin.update('pay', { rollout: 100 })
    expect(propagation).toBe('ok')
    expect(await staging.isEnabled('pay', 'ada')).toBe(true)
    const fresh = client(database.url)
    for (const flags of [production, fresh]) {
      expect(await flags.evaluate('pay', 'ada')).toMatchObject({ enabled: false, version: 1 })
      expect(await flags.evaluate('pay', 'bob')).toMatchObject({ enabled: false, version: 1 })
    }
    await production.admin.update('pay', { description: 'still off' })
    expect(await client(databaseNamed('staging')).evaluate('pay', 'eve')).toMatchObject({ enabled: true })
    expect(errors.map(({ code }) => code)).toContain('CACHE_SHARED_BY_STORES')
  })

  test('takes no listener slot from the original', async () => {
    await client(database.url).admin.create({ name: 'pay', rollout: 0 })
    const copy = await copyDatabase('staging')
    const fleets = [database.url, copy].map((url) => Array.from({ length: 4 }, () => client(url)))
    await Promise.all(fleets.flat().map((flags) => flags.ready()))
    for (const fleet of fleets) await waitUntil(() => fleet.filter((flags) => flags.stats().channels === 2).length === 3)
  })
})

test('an address that leads to a copy from one moment on is noticed, and the copy is answered from', async () => {
  await client(database.url).admin.create({ name: 'pay', rollout: 0 })
  const copy = await copyDatabase('green')
  const [blue, green] = [postgresStore({ url: database.url }), postgresStore({ url: copy })]
  let now = blue
  const store = new Proxy(blue, {
    get(_, key) {
      if (key === 'watch') return undefined
      const value: unknown = Reflect.get(now, key)
      return typeof value === 'function' ? value.bind(now) : value
    },
  })
  const flags = createFlags({ store, cache: redisCache({ url: redis.url }), onError: (error) => errors.push(error) })
  clients.push(flags)
  expect(await flags.isEnabled('pay', 'ada')).toBe(false)
  now = green
  await green.update('pay', { rollout: 100 })
  await waitUntil(() => flags.isEnabled('pay', 'ada'))
  await waitUntil(() => errors.some(({ code }) => code === 'STORE_REWOUND'))
  expect(errors.find(({ code }) => code === 'STORE_REWOUND')?.message).toContain('another database')
  expect(await client(copy).evaluate('pay', 'bob')).toMatchObject({ enabled: true })
  await blue.close()
})

test('a standby in place of the store is reported as what it is: its answers are STALE, and nothing vouches for them', async () => {
  const standby = await startPrivateStandby(database)
  await client(database.url).admin.create({ name: 'pay', rollout: 0 })
  const probe = postgresStore({ url: standby.url })
  await waitUntil(async () => (await probe.loadAll().catch(() => ({ asOf: 0 }))).asOf >= 1)
  await probe.close()
  const flags = client(standby.url)
  expect(await flags.evaluate('pay', 'ada')).toMatchObject({ enabled: false, reason: 'STALE', version: 1 })
  expect((await flags.snapshot()).evaluate('pay', 'ada')).toMatchObject({ enabled: false, reason: 'STALE' })
  expect(flags.stats().leased).toBe(false)
  expect(errors.find(({ code }) => code === 'STORE_IS_STANDBY')?.message).toContain('target_session_attrs=primary')
  await flags.close()
  await standby.stop()
})
