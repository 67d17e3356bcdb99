import { createAdaptorServer, type ServerType } from '@hono/node-server'
import { Hono } from 'hono'
import { handlerFor } from './flags.ts'

const app: Hono = new Hono()
app.get('/', (c) => c.text('Hono'))
app.mount('/api', handlerFor())

export const honoServer: ServerType = createAdaptorServer({ fetch: app.fetch })
