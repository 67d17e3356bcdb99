import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { type Library, TTL_MS } from '../library.ts'
import { RedisWithoutErrorOutput } from '../redis-without-error-output.ts'

export const bentocache: Library = {
  name: 'bentocache',
  from: 'bentocache',
  used: 'memory L1, Redis L2, Redis bus; getOrSet(), and delete() after a write (docs: "Multi-tier", "Bus")',
  subscribers: 1,
  async start({ port, key, source }) {
    const bento = new BentoCache({
      default: 'multitier',
      stores: {
        multitier: bentostore()
          .useL1Layer(memoryDriver({ maxSize: '10mb' }))
          .useL2Layer(redisDriver({ connection: new RedisWithoutErrorOutput(port) }))
          .useBus(redisBusDriver({ connection: new RedisWithoutErrorOutput(port) })),
      },
    })
    // Creates the cache and its subscription, which otherwise happens on first use.
    bento.use()
    return {
      read: () => bento.getOrSet({ key, ttl: TTL_MS, factory: () => source.read() }),
      async write(value) {
        await source.write(value)
        await bento.delete({ key })
      },
      end: () => bento.disconnectAll(),
    }
  },
}
