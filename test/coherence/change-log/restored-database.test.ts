import { createFlags, type Flags, type FlagsError } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { type PrivateService, startPrivatePostgres, startPrivateRedis } from '@flagstone/services'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { waitUntil } from '../../real-services/service-chain.ts'
import { type Backup, createBackup } from './backup.ts'

let postgres: PrivateService
let redis: PrivateService
let keys: Redis
const clients: Flags[] = []
const errors: FlagsError[] = []

function client({ hears = true } = {}): Flags {
  const store = postgresStore({ url: postgres.url })
  const flags = createFlags({
    store: hears ? store : { ...store, watch: undefined as never },
    cache: redisCache({ url: redis.url }),
    onError: (error) => errors.push(error),
  })
  clients.push(flags)
  return flags
}

async function ends(...some: readonly Flags[]): Promise<void> {
  for (const each of some) clients.splice(clients.indexOf(each), 1)
  await Promise.all(some.map((each) => each.close()))
}

const rewound = (): FlagsError[] => errors.filter(({ code }) => code === 'STORE_REWOUND')

/** The clock at the end of the lost history. */
const LOST = 7

/** Flag `kept` is off in the backup. The history that will be lost turns it on and creates the flag `new`. */
async function historyIsWritten(writer: Flags): Promise<Backup> {
  await writer.admin.create({ name: 'kept', rollout: 0 })
  await writer.admin.create({ name: 'other', rollout: 0 })
  const backup = await createBackup(postgres)
  for (const rollout of [10, 20, 30, 100]) {
    await waitUntil(() => writer.admin.update('kept', { rollout }).then(Boolean, () => false))
  }
  await writer.admin.create({ name: 'new', rollout: 100 })
  return backup
}

/** Fills Redis with both flags and their decisions of both kinds. */
async function redisIsFilled(): Promise<void> {
  const reader = client()
  for (const name of ['kept', 'new']) {
    expect(await reader.isEnabled(name, 'ada')).toBe(true)
    const second = client()
    expect((await second.evaluate(name, 'ada')).enabled).toBe(true)
    await waitUntil(async () => (await keys.exists(`feature_flag:${name}`, `flag_check:${name}:ada`, `flag_endpoint:${name}:ada`)) === 3)
    await ends(second)
  }
  await ends(reader)
}

/** A fresh process answers nothing from the lost history. */
async function freshProcessAnswersTheBackup(): Promise<void> {
  const [byCheck, byEndpoint] = [client(), client()]
  for (const name of ['kept', 'new']) {
    expect(await byCheck.isEnabled(name, 'ada'), `isEnabled('${name}')`).toBe(false)
    expect((await byEndpoint.evaluate(name, 'ada')).enabled, `evaluate('${name}')`).toBe(false)
  }
  expect((await byCheck.evaluate('new', 'ada')).errorCode).toBe('FLAG_NOT_FOUND')
  await ends(byCheck, byEndpoint)
}

beforeEach(async () => {
  // A server that is killed must restart with every commit.
  ;[postgres, redis] = await Promise.all([startPrivatePostgres({ settings: { synchronous_commit: 'on' } }), startPrivateRedis()])
  await migrate({ url: postgres.url })
  keys = new Redis(redis.url)
  errors.length = 0
})
afterEach(async () => {
  await ends(...clients)
  keys.disconnect()
  await Promise.all([postgres.stop(), redis.stop()])
})

describe('a database that was restored to an older state, with a Redis that was not', () => {
  test('is noticed by a running process, which repairs itself and Redis, so that fresh processes answer correctly', async () => {
    const [survivor, other] = [client(), client()]
    const backup = await historyIsWritten(survivor)
    await redisIsFilled()
    for (const each of [survivor, other]) for (const name of ['kept', 'new']) expect(await each.isEnabled(name, 'ada')).toBe(true)
    await waitUntil(() => [survivor, other].every((each) => each.stats().clock === LOST))

    await backup.restore()
    await waitUntil(() => rewound().length >= 2)
    for (const each of [survivor, other]) {
      await waitUntil(async () => !(await each.isEnabled('kept', 'ada')) && !(await each.isEnabled('new', 'ada')))
      expect(await each.evaluate('kept', 'ada')).toMatchObject({ enabled: false, reason: 'STATIC' })
    }
    await freshProcessAnswersTheBackup()

    const { version } = await survivor.admin.update('kept', { rollout: 100 })
    expect(version).toBeLessThan(LOST)
    await waitUntil(() => other.isEnabled('kept', 'ada'))
    expect(await client().isEnabled('kept', 'ada')).toBe(true)
    await survivor.admin.update('kept', { rollout: 0 })
    await waitUntil(async () => !(await other.isEnabled('kept', 'ada')))
    expect(await client().isEnabled('kept', 'ada')).toBe(false)
  }, 60_000)

  test('is noticed by a process that has not read its own updates in the log yet', async () => {
    const survivor = client({ hears: false })
    const backup = await historyIsWritten(survivor)
    for (const name of ['kept', 'new']) expect(await survivor.isEnabled(name, 'ada')).toBe(true)

    await backup.restore()
    await waitUntil(() => rewound().length > 0)
    await waitUntil(async () => !(await survivor.isEnabled('kept', 'ada')) && !(await survivor.isEnabled('new', 'ada')))
    await freshProcessAnswersTheBackup()
  }, 30_000)

  test('is noticed by a process that never read a flag which only the lost history had', async () => {
    const writer = client()
    const survivor = client()
    const backup = await historyIsWritten(writer)
    await redisIsFilled()
    await ends(writer)
    await survivor.ready()

    await backup.restore()
    await waitUntil(() => rewound().length > 0)
    await waitUntil(async () => !(await survivor.isEnabled('kept', 'ada')))
    await freshProcessAnswersTheBackup()
  }, 60_000)

  test('causes no wrong answer if no process was running during the restore', async () => {
    const writer = client()
    const backup = await historyIsWritten(writer)
    await redisIsFilled()
    await ends(writer)

    await backup.restore()
    await freshProcessAnswersTheBackup()
  }, 60_000)

  test('accepts updates that reach every process if no process was running during the restore', async () => {
    const writer = client()
    const backup = await historyIsWritten(writer)
    await redisIsFilled()
    await ends(writer)

    await backup.restore()
    const [next, reader] = [client(), client()]
    await Promise.all([reader.ready(), reader.isEnabled('kept', 'ada')])
    const { version, propagation } = await next.admin.update('kept', { rollout: 0 })
    expect(propagation).toBe('ok')
    expect(await next.isEnabled('kept', 'ada')).toBe(false)
    await waitUntil(() => reader.stats().clock >= version)
    expect(await reader.isEnabled('kept', 'ada')).toBe(false)
    await freshProcessAnswersTheBackup()
  }, 60_000)

  test('gives no process that has followed the log since the restore an entry of the lost history, however far the new one gets', async () => {
    const writer = client()
    const backup = await historyIsWritten(writer)
    await redisIsFilled()
    await ends(writer)

    await backup.restore()
    const [next, reader] = [client(), client()]
    await Promise.all([next.ready(), reader.ready()])
    let version = 0
    while (version <= LOST) version = (await next.admin.update('other', { description: `${version}` })).version
    await waitUntil(() => reader.stats().clock >= version)
    for (const each of [next, reader]) {
      expect(await each.isEnabled('kept', 'ada')).toBe(false)
      expect((await each.evaluate('new', 'ada')).errorCode).toBe('FLAG_NOT_FOUND')
    }
  }, 60_000)
})
