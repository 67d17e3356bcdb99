import { createNotificationPair, Loader, RedisCache } from 'layered-loader'
import type { FlagValue } from '../flag-value.ts'
import { type Library, TTL_MS } from '../library.ts'
import { RedisWithoutErrorOutput } from '../redis-without-error-output.ts'

export const layeredLoader: Library = {
  name: 'layered-loader',
  from: 'layered-loader',
  used: 'inMemoryCache, RedisCache, createNotificationPair(); get(), and invalidateCacheFor() after a write (README: "Update notifications")',
  subscribers: 1,
  async start({ port, key, source }) {
    const clients = [new RedisWithoutErrorOutput(port), new RedisWithoutErrorOutput(port), new RedisWithoutErrorOutput(port)] as const
    const [consumerRedis, publisherRedis, cacheRedis] = clients
    const { publisher, consumer } = createNotificationPair<FlagValue>({ channel: 'flags', consumerRedis, publisherRedis })
    const loader = new Loader<FlagValue>({
      inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: TTL_MS, maxItems: 100 },
      asyncCache: new RedisCache<FlagValue>(cacheRedis, { json: true, ttlInMsecs: TTL_MS }),
      dataSourceGetOneFn: () => source.read(),
      notificationConsumer: consumer,
      notificationPublisher: publisher,
    })
    await loader.init()
    return {
      async read() {
        const value = await loader.get(key)
        if (!value) throw new Error('layered-loader found nothing')
        return value
      },
      async write(value) {
        await source.write(value)
        await loader.invalidateCacheFor(key)
      },
      async end() {
        for (const client of clients) client.disconnect()
      },
    }
  },
}
