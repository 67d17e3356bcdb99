import { randomBytes } from 'node:crypto'
import type { FlagStore } from '@flagstone/core/adapter'
import { storeCases } from '@flagstone/core/conformance'
import { type PrivateService, startPrivatePostgres, startPrivateStandby } from '@flagstone/services'
import postgres, { type Sql } from 'postgres'
import { describe, expect, test, vi } from 'vitest'
import { migrate, postgresStore } from '../src/index.ts'
import { afterFile } from './test-database.ts'

const ATTEMPTS = { timeout: 10_000, interval: 10 }

const primary: PrivateService = await startPrivatePostgres()
afterFile(() => primary.stop())
const standby = await startPrivateStandby(primary)
afterFile(() => standby.stop())

function open(server: PrivateService): Sql {
  // By default postgres.js waits up to 20 s before it reconnects.
  const sql = postgres(server.url, { max: 2, backoff: () => 0.05, onnotice: () => {} })
  afterFile(() => sql.end({ timeout: 1 }))
  return sql
}
const [sql, copy] = [open(primary), open(standby)]

/** A schema with a random name on the primary, which the standby has received. */
async function freshSchema(): Promise<string> {
  const schema = `test_${randomBytes(6).toString('hex')}`
  await migrate({ sql, schema })
  const store = postgresStore({ sql, schema, replica: { sql: copy } })
  await vi.waitFor(() => store.loadFromReplica?.(['any']), ATTEMPTS)
  return schema
}

describe('the contract of a replica, over a standby', () => {
  const cases = storeCases({
    async open() {
      const schema = await freshSchema()
      const store = postgresStore({ sql, schema, replica: { sql: copy } })
      return {
        store,
        peer: async () => store,
        overwrite: async (name, { schema: newer }) => {
          await sql.unsafe(`UPDATE "${schema}".feature_flags SET schema = ${Number(newer)} WHERE name = '${name}'`)
        },
        end: () => store.close(),
      }
    },
  }).filter(({ name }) => name.includes('replica'))
  expect(cases).toHaveLength(7)
  for (const { name, run } of cases) test(name, run)
})

test('a store without a replica does not have the method', () => {
  expect(postgresStore({ sql })).not.toHaveProperty('loadFromReplica')
  expect(postgresStore({ sql })).not.toHaveProperty('loadAllFromReplica')
})

describe('a replica', () => {
  /** A client, and the statements that were sent through it. */
  function watched(client: Sql): { readonly client: Sql; readonly statements: string[] } {
    const statements: string[] = []
    const proxy = new Proxy(client, {
      get(target, key) {
        if (key === 'unsafe') statements.push(key)
        if (key === 'begin') statements.push(key)
        return Reflect.get(target, key)
      },
    })
    return { client: proxy, statements }
  }

  async function everythingElse(store: FlagStore): Promise<readonly PromiseSettledResult<unknown>[]> {
    const outcomes: PromiseSettledResult<unknown>[] = []
    for (const call of [
      () => store.head(),
      () => store.load(['a']),
      () => store.loadAll(),
      () => store.changesSince({ version: 0, id: '' }),
      () => store.create({ name: 'a' }),
      () => store.update('a', { rollout: 1 }),
      () => store.history('a'),
      () => store.delete('a'),
      () => store.prune(0),
    ]) {
      outcomes.push(...(await Promise.allSettled([call()])))
    }
    return outcomes
  }

  test('is read only for flags, also if the primary is down', async () => {
    const schema = await freshSchema()
    const { client, statements } = watched(copy)
    const store = postgresStore({ sql, schema, replica: { sql: client } })
    statements.splice(0)
    expect((await everythingElse(store)).map(({ status }) => status)).not.toContain('rejected')
    await store.create({ name: 'b', rollout: 50 })
    const { cursor } = await store.head()
    await vi.waitFor(async () => expect((await store.loadFromReplica?.(['b']))?.asOf).toBe(cursor.version), ATTEMPTS)
    await primary.kill()
    try {
      statements.splice(0)
      for (const outcome of await everythingElse(store)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } })
      }
      expect(statements).toEqual([])
      expect((await store.loadFromReplica?.(['b']))?.flags.get('b')).toMatchObject({ rollout: 50 })
      expect((await store.loadAllFromReplica?.())?.flags.get('b')).toMatchObject({ rollout: 50 })
      expect(statements).toEqual(['unsafe', 'unsafe'])
    } finally {
      await primary.restart()
    }
  })

  test('that cannot be reached is STORE_UNAVAILABLE, and does not disturb the primary', async () => {
    const schema = await freshSchema()
    const store = postgresStore({ sql, schema, replica: { url: standby.url } })
    await standby.kill()
    try {
      await expect(store.loadFromReplica?.(['a'])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      await store.create({ name: 'a' })
    } finally {
      await standby.restart()
    }
    await vi.waitFor(async () => expect((await store.loadFromReplica?.(['a']))?.flags.get('a')).toMatchObject({ name: 'a' }), ATTEMPTS)
    await store.close()
  })

  test('given by a URL gets a pool, which ends with the store', async () => {
    const schema = await freshSchema()
    const store = postgresStore({ sql, schema, replica: { url: standby.url } })
    const connections = async (): Promise<number> =>
      (await copy`SELECT FROM pg_stat_activity WHERE application_name = 'flagstone' AND query LIKE ${`%${schema}%`}`).length
    await store.loadFromReplica?.(['a'])
    expect(await connections()).toBe(1)
    await store.close()
    await vi.waitFor(async () => expect(await connections()).toBe(0), ATTEMPTS)
    await expect(store.loadFromReplica?.(['a'])).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('given by a client is never closed', async () => {
    const schema = await freshSchema()
    const store = postgresStore({ sql, schema, replica: { sql: copy } })
    await store.loadFromReplica?.(['a'])
    await store.close()
    expect(await copy`SELECT 1 AS one`).toEqual([{ one: 1 }])
  })
})
