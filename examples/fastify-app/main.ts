/**
 * A small Fastify app: a route that uses a flag, one that sends the whole evaluation to a front end, and an admin route that changes the
 * flag. This script starts the app, sends requests before and after a change, and closes it.
 *
 *     npx -y pnpm@12 example fastify-app
 *
 * With DATABASE_URL and REDIS_URL it runs on those services, otherwise in memory.
 */
import { createFlags, memoryCache, memoryStore } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { buildApp, schema } from './app.ts'

const { DATABASE_URL, REDIS_URL } = process.env
const database = DATABASE_URL ? { url: DATABASE_URL, schema: 'flagstone_fastify_app' } : undefined
const redis = REDIS_URL ? { url: REDIS_URL, prefix: 'fastify-app:' } : undefined
if (database) await migrate(database)

const flags = createFlags({
  schema,
  store: database ? postgresStore(database) : memoryStore(),
  cache: redis ? redisCache(redis) : memoryCache(),
  onError: (error) => console.warn(`${error.code}: ${error.message}`),
})
// Fails here, and not at the first request, if the database cannot be reached or was never migrated.
await flags.ready()
await flags.admin.ensure({ name: 'new_checkout' })

const app = buildApp(flags)
const address = await app.listen({ port: 0 })
try {
  await update({ rollout: 0, actor: 'ada' })
  await show('/checkout?user=user-42')
  await update({ rollout: 100, actor: 'ada', reason: 'support is ready' })
  await show('/checkout?user=user-42')
  await show('/flags/new_checkout?user=user-42')
  await update({ rollout: 101, actor: 'ada' })
} finally {
  await app.close()
}

async function show(path: string, init?: RequestInit): Promise<void> {
  const response = await fetch(address + path, init)
  console.log(`${init?.method ?? 'GET'} ${path} ${init?.body ?? ''}\n  ${response.status} ${await response.text()}`)
}

async function update(body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await show('/flags/new_checkout/update', { method: 'POST', headers, body: JSON.stringify(body) })
}
