import { type Absent, isAbsent, startPrivateNginx } from '@flagstone/services'
import type { Handler } from '../../src/index.ts'
import { listen } from '../loopback-server.ts'

/** What a cache in front of a handler gave, and by its own word how it came by it. */
export interface Given {
  readonly status: number
  readonly cache: string
  readonly body: Readonly<Record<string, unknown>>
}

/** nginx with a cache, in front of a handler; both over real HTTP. */
export interface Edge {
  readonly product: string
  /** The statuses of what the handler itself was asked for, in order. */
  readonly asked: number[]
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Given>
  /** Asks until the cache says that the answer is no hit any more. */
  untilExpired(path: string): Promise<Given>
  close(): Promise<void>
}

export async function edge(handler: Handler): Promise<Edge | Absent> {
  const asked: number[] = []
  const origin = await listen(async (request) => {
    const response = await handler(request)
    asked.push(response.status)
    return response
  })
  const nginx = await startPrivateNginx({
    http: 'proxy_cache_path cache keys_zone=edge:1m use_temp_path=off;',
    server: `location / {
      proxy_pass ${origin.url};
      proxy_cache edge;
      proxy_cache_revalidate on;
      proxy_cache_background_update on;
      add_header X-Cache-Status $upstream_cache_status always;
    }`,
  })
  if (isAbsent(nginx)) {
    await origin.close()
    return nginx
  }
  const get: Edge['get'] = async (path, headers = {}) => {
    const response = await fetch(`${nginx.url}${path}`, { headers })
    const body = (await response.json()) as Given['body']
    return { status: response.status, cache: response.headers.get('x-cache-status') ?? 'none', body }
  }
  return {
    product: nginx.product,
    asked,
    get,
    async untilExpired(path) {
      for (;;) {
        const given = await get(path)
        if (given.cache !== 'HIT') return given
      }
    },
    async close() {
      await nginx.stop()
      await origin.close()
    },
  }
}
