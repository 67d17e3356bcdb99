/** The server under load: an empty Hono route and the handler in one app. It runs in its own process. */
import type { AddressInfo } from 'node:net'
import { createFlags, memoryStore } from '@flagstone/core'
import { flagsHandler } from '@flagstone/http-handler'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const FLAGS = 100

const flags = createFlags({
  store: memoryStore({ flags: Array.from({ length: FLAGS }, (_, index) => ({ name: `flag-${index}`, rollout: index })) }),
})
await flags.ready()
const handler = flagsHandler({ flags, public: 'evaluate' })
const app = new Hono()
app.get('/empty', (c) => c.json({}))
// A route with the same bytes and headers as the handler's response, and one await.
const answer = await handler(new Request('http://localhost/flags/flag-50?user_id=user-1'))
const [text, headers] = [await answer.text(), Object.fromEntries(answer.headers)]
app.get('/same', async () => await Promise.resolve(new Response(text, { headers })))
app.mount('/mounted', handler)
const isOurs = /^http:\/\/[^/]+\/(flags|ofrep)\//

serve(
  { fetch: (request) => (isOurs.test(request.url) ? handler(request) : app.fetch(request)), hostname: '127.0.0.1', port: 0 },
  ({ port }: AddressInfo) => process.send?.(port),
)
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.on('disconnect', () => process.exit())
