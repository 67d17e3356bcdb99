import postgres from 'postgres'
import { describe, expect, test } from 'vitest'
import { type MigrateOptions, migrate, type PostgresStoreOptions, postgresStore } from '../src/index.ts'
import { databaseUrl, freshSchema } from './test-database.ts'

const { sql, schema } = await freshSchema()

describe('options', () => {
  const refused: readonly (readonly [unknown, string])[] = [
    [undefined, '{ sql }'],
    [null, '{ sql }'],
    ['postgres://localhost', '{ sql }'],
    [{}, 'either sql or url'],
    [{ sql, url: databaseUrl }, 'either sql or url'],
    [{ sql: {} }, 'sql must'],
    [{ sql: () => {} }, 'sql must'],
    [{ url: 5 }, 'url must'],
    [{ url: 'mysql://localhost' }, 'url must'],
    [{ url: 'postgres://[' }, 'option url'],
    [{ sql, schema: 'Upper' }, 'schema must'],
    [{ sql, schema: 'a"; drop schema public; --' }, 'schema must'],
    [{ sql, schema: 'a\n' }, 'schema must'],
    [{ sql, schema: '' }, 'schema must'],
    [{ sql, schema: null }, 'schema must'],
    [{ sql, schema: 'x'.repeat(49) }, 'schema must'],
    [{ sql, standby: 'x' }, 'standby'],
  ]
  test.each(refused)('%o is refused', async (options, why) => {
    const refusal = expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(why) })
    expect(() => postgresStore(options as PostgresStoreOptions)).toThrow(refusal)
    await expect(migrate(options as MigrateOptions)).rejects.toEqual(refusal)
  })

  test.each([
    [{ listenUrl: 'redis://localhost' }, 'listenUrl must'],
    [{ listenUrl: 'postgres://[' }, 'option listenUrl'],
    [{ replica: null }, 'replica takes { sql } or { url }'],
    [{ replica: 'postgres://localhost' }, 'replica takes { sql } or { url }'],
    [{ replica: sql }, 'replica takes { sql } or { url }'],
    [{ replica: {} }, 'either replica.sql or replica.url'],
    [{ replica: { sql, url: databaseUrl } }, 'either replica.sql or replica.url'],
    [{ replica: { sql: {} } }, 'replica.sql must'],
    [{ replica: { url: 'redis://localhost' } }, 'replica.url must'],
    [{ replica: { url: 'postgres://[' } }, 'option replica.url'],
    [{ replica: { url: databaseUrl, schema: 'other' } }, 'replica does not know the option schema'],
    [{ lockTimeoutMs: 0 }, 'lockTimeoutMs must'],
    [{ lockTimeoutMs: 1.5 }, 'lockTimeoutMs must'],
    [{ lockTimeoutMs: '50' }, 'lockTimeoutMs must'],
    [{ lockTimeoutMs: 3_600_001 }, 'lockTimeoutMs must'],
  ])('of a store, %o is refused', (options, why) => {
    expect(() => postgresStore({ sql, ...options } as PostgresStoreOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(why) }),
    )
  })

  test('refuse a transaction in place of a client', async () => {
    await sql.begin(async (tx) => {
      expect(() => postgresStore({ sql: tx as unknown as typeof sql })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    })
  })

  test('are never repeated in a message, because a URL may contain a password', () => {
    const secret = 'mysql://me:hunter2@localhost'
    for (const options of [
      { url: secret },
      { url: `postgres://me:hunter2@[` },
      { sql, listenUrl: secret },
      { sql, replica: { url: secret } },
    ]) {
      expect(() => postgresStore(options as PostgresStoreOptions)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      )
    }
  })

  test('accept the longest schema name, and a client with its own types', async () => {
    const long = `${schema}_${'x'.repeat(48)}`.slice(0, 48)
    const typed = postgres(databaseUrl, { max: 1, types: { bigint: postgres.BigInt } })
    try {
      await migrate({ sql: typed, schema: long })
      expect((await postgresStore({ sql: typed, schema: long }).create({ name: 'a' })).version).toBe(1)
    } finally {
      await sql.unsafe(`DROP SCHEMA "${long}" CASCADE`)
      await typed.end()
    }
  })
})
