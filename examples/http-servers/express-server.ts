import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import express, { type Express } from 'express'
import { handlerFor } from './flags.ts'

const app: Express = express()
app.get('/', (_request, response) => {
  response.send('Express')
})
// Before any middleware that reads bodies, such as express.json(). Express strips `/api` from the path by itself.
app.use('/api', getRequestListener(handlerFor()))

export const expressServer: Server = createServer(app)
