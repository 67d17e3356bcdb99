import type { CacheAges } from './cache-ages.ts'

type CacheHeaders = Readonly<Record<string, string>>

/** What `authorize` may have looked at. */
const CREDENTIALS = 'Authorization, Cookie, X-API-Key'

/** For whoever asked, who may keep it but asks each time whether it still holds: a 304 where it does. */
export const PRIVATE: CacheHeaders = { 'Cache-Control': 'private, no-cache', Vary: CREDENTIALS }

/** For everybody, from any cache on the way. */
export function publicHeaders({ maxAgeS, staleWhileRevalidateS }: CacheAges): CacheHeaders {
  return { 'Cache-Control': `public, max-age=${maxAgeS}, stale-while-revalidate=${staleWhileRevalidateS}` }
}
