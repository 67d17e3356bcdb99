import { createCache } from 'async-cache-dedupe'
import { type Library, TTL_MS } from '../library.ts'
import { RedisWithoutErrorOutput } from '../redis-without-error-output.ts'

export const asyncCacheDedupe: Library = {
  name: 'async-cache-dedupe',
  from: 'async-cache-dedupe',
  used: 'Redis storage with references; invalidateAll() after a write (README: "Invalidation"). It has one tier, so no memory and no bus',
  subscribers: 0,
  async start({ port, key, source }) {
    const client = new RedisWithoutErrorOutput(port)
    const ttl = TTL_MS / 1_000
    const cache = createCache({
      ttl,
      storage: { type: 'redis', options: { client, invalidation: { referencesTTL: ttl } } },
    }).define('flag', { references: (name: string) => [`flag~${name}`] }, (_name: string) => source.read())
    return {
      read: () => cache.flag(key),
      async write(value) {
        await source.write(value)
        await cache.invalidateAll(`flag~${key}`)
      },
      async end() {
        client.disconnect()
      },
    }
  },
}
