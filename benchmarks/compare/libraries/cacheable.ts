import type { EventEmitter } from 'node:events'
import KeyvRedis from '@keyv/redis'
import { RedisMessageProvider } from '@qified/redis'
import { Cacheable } from 'cacheable'
import { type Library, TTL_MS } from '../library.ts'

export const cacheable: Library = {
  name: 'cacheable',
  from: 'cacheable',
  used: 'primary in memory, KeyvRedis as secondary, sync over @qified/redis; getOrSet(), and delete() after a write (README: "CacheableSync")',
  subscribers: 1,
  async start({ port, key, source }) {
    const uri = `redis://127.0.0.1:${port}`
    const secondary = new KeyvRedis(uri)
    const provider = new RedisMessageProvider({ uri })
    // Its clients are private and have no error listener. Without this, the first lost connection would end the process.
    for (const client of ['pub', 'sub']) (Reflect.get(provider, client) as EventEmitter).on('error', () => undefined)
    const cache = new Cacheable({ secondary, ttl: TTL_MS, sync: { qified: provider } })
    cache.on('error', () => undefined)
    return {
      read: async () => {
        const value = await cache.getOrSet(key, () => source.read())
        if (!value) throw new Error('cacheable found nothing')
        return value
      },
      async write(value) {
        await source.write(value)
        await cache.delete(key)
      },
      async end() {
        await provider.disconnect()
        await cache.disconnect()
      },
    }
  },
}
