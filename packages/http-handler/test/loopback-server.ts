import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'

/** A handler behind real HTTP, on a free port of this machine alone. */
export interface LoopbackServer {
  readonly url: string
  close(): Promise<void>
}

export async function startLoopbackServer(handler: (request: Request) => Promise<Response>): Promise<LoopbackServer> {
  let server: ReturnType<typeof serve> | undefined
  const { port } = await new Promise<AddressInfo>((resolve) => {
    server = serve({ fetch: handler, hostname: '127.0.0.1', port: 0 }, resolve)
  })
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server?.close(() => resolve())
        if (server !== undefined && 'closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
