import type { FlagStore } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { type PrivateService, startPrivatePostgres, startPrivateStandby } from '@flagstone/services'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Chain, waitUntil } from './service-chain.ts'

let primary: PrivateService
let standby: PrivateService
beforeAll(async () => {
  // A commit must not be lost if the server is killed right after it.
  primary = await startPrivatePostgres({ settings: { synchronous_commit: 'on' } })
  await migrate({ url: primary.url })
  standby = await startPrivateStandby(primary)
})
afterAll(async () => {
  await standby.stop()
  await primary.stop()
})

let chain: Chain
beforeEach(async () => {
  chain = new Chain()
  await chain.start()
})
afterEach(() => chain.end())

function storeWithReplica(): FlagStore {
  return postgresStore({ url: primary.url, replica: { url: standby.url } })
}

async function on(server: PrivateService, statement: string): Promise<unknown> {
  const sql = postgres(server.url, { max: 1, onnotice: () => undefined })
  const [row] = await sql.unsafe(statement).values()
  await sql.end()
  return row?.[0]
}

/** Waits until the standby has received, or also applied, everything of the primary. */
async function reachesStandby(how: 'receive' | 'replay'): Promise<void> {
  const lsn = await on(primary, 'SELECT pg_current_wal_flush_lsn()')
  await waitUntil(async () => (await on(standby, `SELECT pg_last_wal_${how}_lsn() >= '${lsn}'`)) === true)
}

/** All keys in Redis from which an answer could come. */
async function entries(): Promise<string[]> {
  return (await chain.keys()).filter((key) => /^(feature_flag|flag_check|flag_endpoint):/.test(key))
}

async function emptyRedis(): Promise<void> {
  await chain.redis.unlink((await chain.keys()).map((key) => chain.prefix + key))
}

test('while PostgreSQL is down its standby answers, marked STALE and not cached; afterwards the primary answers again', async () => {
  const name = 'on_the_standby'
  const flags = chain.client({ store: storeWithReplica() })
  await chain.client({ store: storeWithReplica() }).admin.create({ name, rollout: 100 })
  await flags.ready()
  await reachesStandby('replay')
  await primary.kill()
  await emptyRedis()
  expect(await flags.evaluate(name, 'ada')).toMatchObject({ enabled: true, version: 1, reason: 'STALE', source: 'store' })
  for (let call = 0; call < 20; call++) {
    expect(await flags.evaluate(name, 'ada')).toMatchObject({ enabled: true, reason: 'STALE' })
    expect(await flags.isEnabled(name, call)).toBe(true)
  }
  // A process that has just started, or has no memory, has no other source.
  const fresh = [chain.client({ store: storeWithReplica() }), chain.client({ store: storeWithReplica(), memory: false })]
  for (const client of fresh) expect(await client.evaluate(name, 'ada')).toMatchObject({ reason: 'STALE', source: 'store' })
  await expect(flags.admin.update(name, { rollout: 0 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await entries()).toEqual([])
  expect(chain.errors.map(({ code }) => code)).toContain('STORE_UNAVAILABLE')

  await primary.restart()
  for (const client of [flags, ...fresh]) await waitUntil(async () => (await client.evaluate(name, 'ada')).reason === 'STATIC')
  await waitUntil(async () => (await entries()).includes(`feature_flag:${name}`))
  expect((await flags.admin.update(name, { rollout: 0 })).propagation).toBe('ok')
  for (const client of [flags, ...fresh]) await waitUntil(async () => !(await client.isEnabled(name, 'ada')))
}, 60_000)

test('a standby that lags makes no process go back', async () => {
  const name = 'behind_on_the_standby'
  const writer = chain.client({ store: storeWithReplica() })
  const reader = chain.client({ store: storeWithReplica(), memory: false })
  await writer.admin.create({ name, rollout: 0 })
  await reachesStandby('replay')
  await on(standby, 'SELECT pg_wal_replay_pause()')
  const { version } = await writer.admin.update(name, { rollout: 100 })
  expect(await reader.evaluate(name, 'ada')).toMatchObject({ enabled: true, version })
  await waitUntil(async () => (await entries()).includes(`feature_flag:${name}`))
  await reachesStandby('receive')
  await primary.kill()
  await emptyRedis()
  // The first process has the change in memory. The second knows of it, and returns the default rather than the older value.
  expect(await writer.evaluate(name, 'ada')).toMatchObject({ enabled: true, version })
  expect(await reader.evaluate(name, 'ada')).toMatchObject({ source: 'default', errorCode: 'STORE_UNAVAILABLE' })
  // A process that has answered nothing yet may answer the older value.
  const fresh = chain.client({ store: storeWithReplica() })
  expect(await fresh.evaluate(name, 'ada')).toMatchObject({ enabled: false, reason: 'STALE', source: 'store' })
  await on(standby, 'SELECT pg_wal_replay_resume()')
  await waitUntil(async () => (await reader.evaluate(name, 'ada')).version === version)
  expect(await reader.evaluate(name, 'ada')).toMatchObject({ enabled: true, reason: 'STALE', source: 'store' })
  await primary.restart()
  for (const client of [writer, reader, fresh]) await waitUntil(async () => (await client.evaluate(name, 'ada')).reason === 'STATIC')
}, 60_000)
