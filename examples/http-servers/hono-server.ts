import { createAdaptorServer, type ServerType } from '@hono/node-server'
import { Hono } from 'hono'
import { handlerFor } from './flags.ts'

const app: Hono = new Hono()
app.get('/', (c) => c.text('Hono'))
const answer = handlerFor({ basePath: '/api' })
// Not `mount`, which makes a new Request object for every request.
app.all('/api/*', (c) => answer(c.req.raw))

export const honoServer: ServerType = createAdaptorServer({ fetch: app.fetch })
