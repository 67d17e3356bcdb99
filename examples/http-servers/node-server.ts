import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { handlerFor } from './flags.ts'

/** Node's own server, with nothing but flags. */
export const nodeServer: Server = createServer(getRequestListener(handlerFor({ basePath: '/api' })))
