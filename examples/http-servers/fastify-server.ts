import { getRequestListener } from '@hono/node-server'
import fastify, { type FastifyInstance } from 'fastify'
import { handlerFor } from './flags.ts'

const answer = getRequestListener(handlerFor({ basePath: '/api' }))

export const fastifyServer: FastifyInstance = fastify()
fastifyServer.get('/', async () => 'Fastify')
// In `onRequest`, because Fastify has not read the body at that point.
fastifyServer.all('/api/*', { onRequest: async ({ raw }, reply) => await answer(raw, reply.hijack().raw) }, async () => undefined)
