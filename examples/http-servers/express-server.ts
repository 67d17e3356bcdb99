import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import express, { type Express } from 'express'
import { handlerFor } from './flags.ts'

const app: Express = express()
app.get('/', (_request, response) => {
  response.send('Express')
})
// Before anything that reads bodies, such as express.json(). Express takes `/api` off the path by itself.
app.use('/api', getRequestListener(handlerFor()))

export const expressServer: Server = createServer(app)
