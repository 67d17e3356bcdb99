import type { CacheAges } from './cache-ages.ts'

type CacheHeaders = Readonly<Record<string, string>>

/** Request headers that `authorize` may depend on. */
const CREDENTIAL_HEADERS = 'Authorization, Cookie, X-API-Key'

/** The client may keep the response, but must revalidate it on each use; a 304 if it is still current. */
export const PRIVATE_CACHE_HEADERS: CacheHeaders = { 'Cache-Control': 'private, no-cache', Vary: CREDENTIAL_HEADERS }

/** Any cache may serve the response to anybody. */
export function publicCacheHeaders({ maxAgeS, staleWhileRevalidateS }: CacheAges): CacheHeaders {
  return { 'Cache-Control': `public, max-age=${maxAgeS}, stale-while-revalidate=${staleWhileRevalidateS}` }
}
