/**
 * Flags over HTTP on Node's own server: public evaluation, changes with a token, a conditional change with If-Match, and two refusals.
 *
 *     npx -y pnpm@12 example node-http
 *
 * With DATABASE_URL and REDIS_URL it runs on those services, otherwise in memory.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFlags, memoryCache, memoryStore } from '@flagstone/core'
import { bearerToken, flagsHandler } from '@flagstone/http-handler'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { getRequestListener } from '@hono/node-server'

const { DATABASE_URL, REDIS_URL, FLAGS_TOKEN = 'only-for-this-example' } = process.env
const database = DATABASE_URL ? { url: DATABASE_URL, schema: 'flagstone_node_http' } : undefined
if (database) await migrate(database)
const flags = createFlags({
  store: database ? postgresStore(database) : memoryStore(),
  cache: REDIS_URL ? redisCache({ url: REDIS_URL, prefix: 'node-http:' }) : memoryCache(),
})
await flags.ready()

const handler = flagsHandler({
  flags,
  basePath: '/api',
  public: 'evaluate',
  authorize: bearerToken({ write: { token: FLAGS_TOKEN, actor: 'deploy' } }),
  onError: (error) => console.warn(`${error.code}: ${error.message}`),
})
const server = createServer(getRequestListener(handler)).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

await send('DELETE', '/flags/new_checkout')
const created = await send('POST', '/flags', { name: 'new_checkout' })
await send('GET', '/flags/new_checkout?user_id=ada')
await send('POST', '/flags/new_checkout/update?reason=launch', { rollout: 100 }, { 'If-Match': String(created.headers.get('etag')) })
await send('GET', '/flags/new_checkout?user_id=ada')
await send('POST', '/flags/new_checkout/update', { rollout: 0 }, { 'If-Match': String(created.headers.get('etag')) })
await send('POST', '/flags/new_checkout/update', { rollout: 0 }, { Authorization: 'Bearer of-somebody-else-altogether' })

server.close()
await flags.close()

async function send(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method, headers: { Authorization: `Bearer ${FLAGS_TOKEN}`, 'Content-Type': 'application/json', ...headers } }
  const url = `http://127.0.0.1:${port}/api${path}`
  const response = await fetch(url, body === undefined ? init : { ...init, body: JSON.stringify(body) })
  console.log(`${method} ${path} ${response.status} ${await response.text()}`)
  return response
}
