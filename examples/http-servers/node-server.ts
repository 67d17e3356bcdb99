import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { handlerFor } from './flags.ts'

/** Node's own server, which serves flags only. */
export const nodeServer: Server = createServer(getRequestListener(handlerFor({ basePath: '/api' })))
