import { memoryStore } from '@flagstone/core'
import { postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { startPrivatePostgres, startPrivateRedis } from '@flagstone/services'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Chain, waitUntil } from './service-chain.ts'

let chain: Chain
beforeEach(async () => {
  chain = new Chain()
  await chain.start()
})
afterEach(() => chain.end())

const on = 'new_feature'

describe('the whole chain on PostgreSQL and Redis', () => {
  test('answers from the store, the cache, the shared decision and memory', async () => {
    const [first, second, third] = [chain.client(), chain.client(), chain.client()]
    await first.admin.create({ name: on, rollout: 50 })
    await chain.client().evaluate(on, 'ada')
    await waitUntil(async () => (await chain.keys()).includes(`flag_endpoint:${on}:ada`))
    const sources = [
      (await second.evaluate(on, 'ada')).source,
      (await second.evaluate(on, 'bob')).source,
      (await third.evaluate(on, 'bob')).source,
    ]
    expect(sources).toEqual(['decision', 'memory', 'cache'])
  })

  test('keeps exactly the key families of the design, with times to live within their bounds', async () => {
    const flags = chain.client()
    await flags.admin.create({ name: on, rollout: 50 })
    // The other process has nothing in memory yet.
    await chain.client().isEnabled(on, 'ada')
    await chain.client().evaluate(on, 'ada')
    await chain.client().isEnabled('missing', 'ada')
    const storeId = await chain.storeId()
    const expected = [
      'feature_flag:missing',
      `feature_flag:${on}`,
      `flag_check:${on}:ada`,
      `flag_endpoint:${on}:ada`,
      'flag_fence:missing',
      `flag_fence:${on}`,
      ...[1, 2, 3].map((slot) => `flag_listener:${storeId}:${slot}`),
    ]
    await waitUntil(async () => (await chain.keys()).length >= expected.length)
    expect(await chain.keys()).toEqual(expected)
    const seconds = async (key: string) => (await chain.redis.pttl(chain.prefix + key)) / 1_000
    const bounds: readonly (readonly [string, number, number])[] = [
      [`feature_flag:${on}`, 260, 300],
      [`flag_check:${on}:ada`, 20, 30],
      [`flag_endpoint:${on}:ada`, 50, 60],
      ['feature_flag:missing', 17, 30],
      ['flag_fence:missing', 50, 60],
      [`flag_fence:${on}`, 86_390, 86_400],
      [`flag_listener:${storeId}:1`, 15, 30],
    ]
    for (const [key, low, high] of bounds) {
      expect(await seconds(key), key).toBeGreaterThan(low)
      expect(await seconds(key), key).toBeLessThanOrEqual(high)
    }
  })

  test('logs one row for each change, with actor and reason', async () => {
    const { admin } = chain.client()
    await admin.create({ name: on }, { actor: 'ada' })
    await admin.update(on, { rollout: 50 }, { actor: 'bob', reason: 'half' })
    await admin.delete(on)
    const rows = await chain.sql`SELECT operation, actor, reason FROM ${chain.sql(chain.schema)}.feature_flag_changes ORDER BY version`
    expect(rows.map(({ operation, actor, reason }) => [operation, actor, reason])).toEqual([
      ['create', 'ada', null],
      ['update', 'bob', 'half'],
      ['delete', expect.any(String), null],
    ])
  })

  test('every process answers an UPDATE from psql', async () => {
    const clients = [chain.client(), chain.client({ cache: undefined as never })]
    await clients[0]?.admin.create({ name: on, rollout: 0 })
    for (const client of clients) expect(await client.isEnabled(on, 'ada')).toBe(false)
    await Promise.all(clients.map((client) => client.ready()))
    await chain.sql`UPDATE ${chain.sql(chain.schema)}.feature_flags SET rollout = 100 WHERE name = ${on}`
    for (const client of clients) await waitUntil(() => client.isEnabled(on, 'ada'))
  })

  test('a process that gets hints only from Redis answers an update', async () => {
    const store = postgresStore({ sql: chain.sql, schema: chain.schema })
    const [writer, other] = [chain.client(), chain.client({ store: { ...store, watch: undefined as never } })]
    await writer.admin.create({ name: on, rollout: 0 })
    expect(await other.isEnabled(on, 'ada')).toBe(false)
    await other.ready()
    await writer.admin.update(on, { rollout: 100 })
    await waitUntil(() => other.isEnabled(on, 'ada'))
  })

  test('a direct edit that the database refuses changes nothing', async () => {
    const flags = chain.client()
    await flags.admin.create({ name: on, rollout: 50 })
    const edit = (rollout: number) => chain.sql`UPDATE ${chain.sql(chain.schema)}.feature_flags SET rollout = ${rollout}`
    for (const rollout of [-1, 101, 0.0001]) await expect(edit(rollout)).rejects.toThrow(/feature_flags_rollout/)
    expect(await flags.admin.get(on)).toMatchObject({ rollout: 50, version: 1 })
  })

  test('many cold flags are one MGET and one query', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `flag_${index}`)
    for (const name of names) await chain.client().admin.create({ name, rollout: 100 })
    const fresh = chain.client()
    await fresh.ready()
    const answers = await Promise.all(names.map((name) => fresh.isEnabled(name, 'ada')))
    expect(answers).not.toContain(false)
    expect(fresh.stats().store.reads).toBe(1)
  }, 60_000)
})

describe('a corrupt value in Redis', () => {
  const values: readonly (readonly [string, string])[] = [
    ['text that is no entry', 'garbage'],
    ['an entry whose JSON is broken', 'TOKEN|9|{"name":'],
    ['an entry of another flag', 'TOKEN|9|{"name":"other","schema":1}'],
    ['an entry whose "as of" is no number', 'TOKEN|soon|true'],
  ]
  const families = [`feature_flag:${on}`, `flag_check:${on}:ada`, `flag_endpoint:${on}:ada`] as const

  async function filled() {
    const flags = chain.client()
    await flags.admin.create({ name: on, rollout: 100 })
    await chain.client().isEnabled(on, 'ada')
    await waitUntil(async () => (await chain.keys()).includes(families[1]))
    await chain.client().evaluate(on, 'ada')
    await waitUntil(async () => (await chain.keys()).includes(families[2]))
  }

  const reported = () => chain.errors.filter((error) => error.code === 'PARSE_ERROR')

  for (const family of families) {
    test.each(values)(`under ${family.split(':')[0]}: %s is a miss, reported once, and repaired`, async (_, text) => {
      await filled()
      const fence = (await chain.redis.get(`${chain.prefix}flag_fence:${on}`)) ?? ''
      // No other layer may answer instead.
      await chain.redis.unlink(...families.map((each) => chain.prefix + each))
      await chain.redis.set(chain.prefix + family, text.replace('TOKEN', fence))
      const flags = chain.client({ memory: false })
      const ask = () => (family.startsWith('flag_endpoint') ? flags.evaluate(on, 'ada').then((e) => e.enabled) : flags.isEnabled(on, 'ada'))
      for (let round = 0; round < 3; round++) expect(await ask()).toBe(true)
      await waitUntil(async () => (await chain.redis.get(chain.prefix + family))?.startsWith(`${fence}|1|`) ?? false)
      await waitUntil(() => reported().length > 0)
      expect(reported()).toHaveLength(1)
    })

    test(`under ${family.split(':')[0]}: a list is a miss, reported once, and repaired`, async () => {
      await filled()
      await chain.redis.unlink(...families.map((each) => chain.prefix + each))
      await chain.redis.rpush(chain.prefix + family, 'not', 'a', 'string')
      const flags = chain.client({ memory: false })
      if (family.startsWith('flag_endpoint')) expect((await flags.evaluate(on, 'ada')).enabled).toBe(true)
      else expect(await flags.isEnabled(on, 'ada')).toBe(true)
      await waitUntil(async () => (await chain.redis.type(chain.prefix + family)) === 'string')
      await waitUntil(() => reported().length > 0)
      expect(reported()).toHaveLength(1)
    })
  }

  test.each([
    ['text', (key: string) => chain.redis.set(key, 'garbage')],
    ['a list', (key: string) => chain.redis.multi().unlink(key).rpush(key, 'x').exec()],
  ])('in place of the fence: %s is replaced and reported once', async (_, spoil) => {
    await filled()
    await spoil(`${chain.prefix}flag_fence:${on}`)
    const flags = chain.client({ memory: false })
    for (let round = 0; round < 3; round++) expect(await flags.isEnabled(on, 'ada')).toBe(true)
    expect(reported()).toHaveLength(1)
    expect(await chain.redis.get(`${chain.prefix}flag_fence:${on}`)).toMatch(/^[^.]+\.\d+\.[^.]+$/)
  })
})

describe('a corrupt row in PostgreSQL', () => {
  test('gives the last known good if there is one, else the default, and is reported', async () => {
    const [flags, fresh] = [chain.client(), chain.client()]
    await flags.admin.create({ name: on, rollout: 100 })
    await flags.ready()
    const table = `"${chain.schema}".feature_flags`
    await chain.sql.unsafe(`ALTER TABLE ${table} DROP CONSTRAINT feature_flags_rollout_0_to_100`)
    await chain.sql.unsafe(`UPDATE ${table} SET rollout = 250`)
    await waitUntil(async () => (await flags.evaluate(on, 'ada')).reason === 'STALE')
    expect(await flags.isEnabled(on, 'ada')).toBe(true)
    expect(await fresh.evaluate(on, 'ada')).toMatchObject({ enabled: false, reason: 'ERROR', errorCode: 'PARSE_ERROR' })
    expect(chain.errors.map((error) => error.code)).toContain('PARSE_ERROR')
  })

  test('of a newer schema stays unchanged in the store and in the cache', async () => {
    const flags = chain.client()
    await flags.admin.create({ name: on, rollout: 100 })
    await flags.ready()
    await chain.sql.unsafe(`UPDATE "${chain.schema}".feature_flags SET schema = 99, rollout = 0`)
    await waitUntil(async () => (await flags.evaluate(on, 'ada')).reason === 'STALE')
    expect(await chain.client().evaluate(on, 'ada')).toMatchObject({ errorCode: 'RECORD_TOO_NEW' })
    await expect(flags.admin.update(on, { rollout: 50 })).rejects.toMatchObject({ code: 'RECORD_TOO_NEW' })
    expect(await chain.keys()).not.toContain(`feature_flag:${on}`)
  })
})

describe('readiness', () => {
  test('names migrate() if the tables are missing', async () => {
    const flags = chain.client({ store: postgresStore({ sql: chain.sql, schema: 'nobody_made_this' }) })
    await expect(flags.ready()).rejects.toMatchObject({ code: 'SCHEMA_MISSING', message: expect.stringContaining('migrate()') })
    expect(await flags.evaluate(on, 'ada')).toMatchObject({ enabled: false, source: 'default' })
  })
})

describe('when a service goes away and comes back', () => {
  test('Redis: PostgreSQL answers, and the cache is used again afterwards', async () => {
    const redis = await startPrivateRedis()
    try {
      const flags = chain.client({ cache: redisCache({ url: redis.url }), memory: false })
      await flags.admin.create({ name: on, rollout: 100 })
      expect(await flags.isEnabled(on, 'ada')).toBe(true)
      await redis.kill()
      for (let round = 0; round < 5; round++) expect(await flags.isEnabled(on, 'ada')).toBe(true)
      expect((await flags.admin.update(on, { rollout: 0 })).propagation).toBe('deferred')
      expect(await flags.isEnabled(on, 'ada')).toBe(false)
      await redis.restart()
      await waitUntil(async () => {
        const hits = flags.stats().cache.hits + flags.stats().decision.hits
        await flags.isEnabled(on, 'ada')
        return flags.stats().cache.hits + flags.stats().decision.hits > hits
      })
      expect(await flags.isEnabled(on, 'ada')).toBe(false)
      await flags.close()
    } finally {
      await redis.stop()
    }
  }, 60_000)

  test('PostgreSQL: the last known good answers within the deadline, and nothing is lost when it returns', async () => {
    const service = await startPrivatePostgres()
    try {
      const { migrate } = await import('@flagstone/pg-adapter')
      await migrate({ url: service.url })
      const flags = chain.client({ store: postgresStore({ url: service.url }), cache: undefined as never })
      await flags.admin.create({ name: on, rollout: 100 })
      expect(await flags.isEnabled(on, 'ada')).toBe(true)
      await service.pause()
      expect(await flags.isEnabled(on, 'ada')).toBe(true)
      expect(await flags.evaluate('unknown', 'ada')).toMatchObject({ enabled: false, source: 'default' })
      await service.resume()
      await waitUntil(async () => (await flags.evaluate('unknown', 'ada')).source !== 'default')
      expect(await flags.admin.update(on, { rollout: 0 })).toMatchObject({ version: 2 })
      expect(await flags.isEnabled(on, 'ada')).toBe(false)
      await flags.close()
    } finally {
      await service.stop()
    }
  }, 60_000)
})

test('the embedded adapters give the same answers as the real ones', async () => {
  const [real, embedded] = [chain.client(), chain.client({ store: memoryStore(), cache: undefined as never })]
  for (const flags of [real, embedded]) await flags.admin.create({ name: on, rollout: 33.333, salt: 'fixed' })
  const fresh = chain.client()
  for (let user = 0; user < 300; user++) {
    const [a, b] = [await fresh.evaluate(on, user), await embedded.evaluate(on, user)]
    expect([a.enabled, a.bucket, a.reason]).toEqual([b.enabled, b.bucket, b.reason])
  }
})
