import { isNotAvailable, type NotAvailable, startPrivateNginx } from '@flagstone/services'
import type { Handler } from '../../src/index.ts'
import { startLoopbackServer } from '../loopback-server.ts'

/** A response from the cache in front of a handler, with the cache status that it reports. */
export interface CacheResponse {
  readonly status: number
  readonly cacheStatus: string
  readonly body: Readonly<Record<string, unknown>>
}

/** nginx with a cache, in front of a handler; both over real HTTP. */
export interface NginxCache {
  readonly product: string
  /** The statuses that the handler itself answered, in order. */
  readonly originStatuses: number[]
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<CacheResponse>
  /** Repeats the request until the cache reports that it is no longer a hit. */
  untilExpired(path: string): Promise<CacheResponse>
  close(): Promise<void>
}

export async function startNginxCache(handler: Handler): Promise<NginxCache | NotAvailable> {
  const originStatuses: number[] = []
  const origin = await startLoopbackServer(async (request) => {
    const response = await handler(request)
    originStatuses.push(response.status)
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
  if (isNotAvailable(nginx)) {
    await origin.close()
    return nginx
  }
  const get: NginxCache['get'] = async (path, headers = {}) => {
    const response = await fetch(`${nginx.url}${path}`, { headers })
    const body = (await response.json()) as CacheResponse['body']
    return { status: response.status, cacheStatus: response.headers.get('x-cache-status') ?? 'none', body }
  }
  return {
    product: nginx.product,
    originStatuses,
    get,
    async untilExpired(path) {
      for (;;) {
        const given = await get(path)
        if (given.cacheStatus !== 'HIT') return given
      }
    },
    async close() {
      await nginx.stop()
      await origin.close()
    },
  }
}
