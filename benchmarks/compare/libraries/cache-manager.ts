import KeyvRedis from '@keyv/redis'
import { createCache } from 'cache-manager'
import { CacheableMemory } from 'cacheable'
import { Keyv } from 'keyv'
import { type Library, TTL_MS } from '../library.ts'

export const cacheManager: Library = {
  name: 'cache-manager',
  from: 'cache-manager',
  used: 'CacheableMemory and KeyvRedis as two stores; wrap(), and del() after a write (README: "Quick start"). It has no bus',
  subscribers: 0,
  async start({ port, key, source }) {
    const cache = createCache({
      ttl: TTL_MS,
      stores: [
        new Keyv({ store: new CacheableMemory({ ttl: TTL_MS, lruSize: 5_000 }) }),
        new Keyv({ store: new KeyvRedis(`redis://127.0.0.1:${port}`) }),
      ],
    })
    return {
      read: () => cache.wrap(key, () => source.read()),
      async write(value) {
        await source.write(value)
        await cache.del(key)
      },
      end: async () => void (await cache.disconnect()),
    }
  },
}
