/**
 * The README's example as a program: create a client and a flag, evaluate the flag, change it.
 *
 *     npx -y pnpm@12 example quickstart
 *
 * With DATABASE_URL and REDIS_URL the flag is stored in that PostgreSQL and shared through that Redis, otherwise in memory.
 */
import { createFlags, memoryCache, memoryStore } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { Redis } from 'ioredis'
import postgres from 'postgres'

// The app's own clients. Flagstone uses them and never closes them.
const { DATABASE_URL, REDIS_URL } = process.env
const sql = DATABASE_URL ? postgres(DATABASE_URL) : undefined
const redis = REDIS_URL ? new Redis(REDIS_URL) : undefined

// Run it once per deployment; running it again changes nothing. In an app, leave out `schema` and `prefix`, or choose your own.
const schema = 'flagstone_quickstart'
if (sql) await migrate({ sql, schema })

const flags = createFlags({
  store: sql ? postgresStore({ sql, schema }) : memoryStore(),
  cache: redis ? redisCache({ client: redis, prefix: 'quickstart:' }) : memoryCache(),
  onError: (error) => console.warn(`${error.code}: ${error.message}`),
})

await flags.admin.ensure({ name: 'new_feature' }, { actor: 'ada' })
await flags.admin.update('new_feature', { rollout: 50 }, { actor: 'ada', reason: 'half of the users, to begin with' })

const user = { id: 'user-42' }
if (await flags.isEnabled('new_feature', user.id)) {
  console.log(`${user.id} sees the new feature.`)
} else {
  console.log(`${user.id} sees what was there before.`)
}

const { enabled, reason, bucket, source } = await flags.evaluate('new_feature', user.id)
console.log({ enabled, reason, bucket, source })

const { version, propagation } = await flags.admin.update('new_feature', { rollout: 100 }, { actor: 'ada' })
console.log(`Everybody has it now: ${await flags.isEnabled('new_feature', user.id)} (change ${version}, propagation ${propagation}).`)

await flags.close()
await sql?.end()
await redis?.quit()
