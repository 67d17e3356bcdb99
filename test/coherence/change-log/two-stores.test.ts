import { randomBytes } from 'node:crypto'
import { createFlags, type Flags, type FlagsError } from '@flagstone/core'
import { postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from './test-database.ts'

const ROUNDS = 40
const NAMES = ['shared', 'also-shared']

const prefix = `stores_${randomBytes(6).toString('hex')}:`
const clients: Flags[] = []
const errors: FlagsError[] = []
let databases: readonly TestDatabase[]

function client({ schema, sql }: TestDatabase, options: { readonly memory?: false } = {}): Flags {
  const flags = createFlags({
    ...options,
    store: postgresStore({ sql, schema }),
    cache: redisCache({ url: inject('redisUrl'), prefix }),
    onError: (error) => errors.push(error),
  })
  clients.push(flags)
  return flags
}

beforeAll(async () => {
  databases = await Promise.all([openTestDatabase(), openTestDatabase()])
})
afterAll(async () => {
  await Promise.all(clients.map((each) => each.close()))
  const redis = new Redis(inject('redisUrl'))
  const left = await redis.keys(`${prefix}*`)
  if (left.length > 0) await redis.unlink(left)
  redis.disconnect()
  await Promise.all(databases.map((each) => each.end()))
})

test('two stores under one prefix of one Redis never answer with a value of the other', async () => {
  const sides = databases.map((database) => ({
    database,
    writer: client(database),
    // Clients without memory read every answer from Redis.
    readers: [client(database), client(database, { memory: false }), client(database, { memory: false })],
  }))
  for (const { writer } of sides) for (const name of NAMES) await writer.admin.create({ name, rollout: 0 })

  const wrong: string[] = []
  let answers = 0
  for (let round = 0; round < ROUNDS; round++) {
    // A flag that is on in one store is off in the other, and the reverse in the next round.
    await Promise.all(
      sides.map(async ({ database, writer, readers }, side) => {
        const on = (round + side) % 2 === 0
        const fresh = client(database)
        for (const name of NAMES) {
          const { version } = await writer.admin.update(name, { rollout: on ? 100 : 0 })
          const ask = async (who: Flags, index: number): Promise<void> => {
            const asked = { minVersion: version }
            const user = `user-${index}`
            const enabled = [await who.isEnabled(name, user, asked), (await who.evaluate(name, user, asked)).enabled]
            answers += enabled.length
            if (enabled.includes(!on)) wrong.push(`round ${round}, store ${side}, ${name}, process ${index}: ${enabled} instead of ${on}`)
          }
          await Promise.all([writer, ...readers, ...readers, fresh].map(ask))
        }
        clients.splice(clients.indexOf(fresh), 1)
        await fresh.close()
      }),
    )
  }
  expect(wrong).toEqual([])
  expect(errors.map(({ code }) => code)).toContain('CACHE_SHARED_BY_STORES')
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['CACHE_SHARED_BY_STORES']))
  console.log(`two stores on one Redis: ${answers} answers, none of the other store`)
}, 60_000)
