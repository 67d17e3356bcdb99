/**
 * The flags' HTTP handler in Node's own server, Express 5, Fastify 5, Hono and Next, each mounted with one line. All are started on loopback.
 * A request through one of them changes a flag; then all return the new answer, and each has sent the change to its event stream.
 *
 *     npx -y pnpm@12 example http-servers
 *
 * Next is not started, because a build takes minutes: the example calls the functions that its route file exports, with the requests that
 * Next would pass to them.
 */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expressServer } from './express-server.ts'
import { fastifyServer } from './fastify-server.ts'
import { closeFlags, flags } from './flags.ts'
import { honoServer } from './hono-server.ts'
import * as route from './next/app/api/[[...path]]/route.ts'
import { nodeServer } from './node-server.ts'
import { firstChange, isEnabled, type ServerClient, update } from './server-client.ts'

const servers: readonly (readonly [name: string, server: Server])[] = [
  ['Node', nodeServer],
  ['Express', expressServer],
  ['Hono', honoServer as Server],
]

await flags.ready()
const all: ServerClient[] = await Promise.all(servers.map(([name, server]) => clientOf(name, server)))
all.push(clientAt('Fastify', await fastifyServer.listen({ port: 0, host: '127.0.0.1' })))
all.push({
  name: 'Next',
  send: (path, init) => {
    const request = new Request(`http://localhost${path}`, init)
    return request.method === 'GET' ? route.GET(request) : route.POST(request)
  },
})

const [node, express] = all as [ServerClient, ServerClient]
const refused = await node.send('/api/flags/new_checkout/update', { method: 'POST' })
console.log(`${refused.status}: without the key nobody changes a flag`)
console.log((await Promise.all(all.map(isEnabled))).join(', '))
const changes = await Promise.all(all.map(firstChange))
await update(express, { rollout: 100 })
console.log((await Promise.all(all.map(isEnabled))).join(', '))
console.log(await Promise.all(changes.map((change) => change())))

// Streams first: a server waits for its connections to end.
await closeFlags()
await fastifyServer.close()
for (const [, server] of servers) server.close().closeAllConnections()

async function clientOf(name: string, server: Server): Promise<ServerClient> {
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return clientAt(name, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

function clientAt(name: string, address: string): ServerClient {
  return { name, send: (path, init) => fetch(address + path, init) }
}
