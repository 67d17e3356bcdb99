import { redisCache } from '@flagstone/redis-adapter'
import { tcpProxy } from '@flagstone/services'
import { afterAll, describe, expect, it } from 'vitest'
import { majors, openRedisClient, recordingListener, redisPort, succeeds, UNAVAILABLE, uniquePrefix, waitUntil } from './test-redis.ts'

const prefix = uniquePrefix(openRedisClient())

describe.concurrent.each(majors)('with ioredis $major', ({ Redis }) => {
  it('does not wait for a Redis that accepts a connection and never answers', async () => {
    const proxy = await tcpProxy(redisPort)
    afterAll(() => proxy.close())
    proxy.blackHole()
    const cache = redisCache({ client: Redis({ port: proxy.port, lazyConnect: true }), prefix })
    const started = Date.now()
    const opened = cache.open('storeA')
    const read = cache.read([{ name: 'f' }])
    await expect(opened).rejects.toMatchObject(UNAVAILABLE)
    await expect(read).rejects.toMatchObject(UNAVAILABLE)
    await cache.subscribe?.(recordingListener().listener)
    console.log(`gave up on a silent Redis after ${Date.now() - started} ms`)
    await cache.close()
    proxy.heal()
    await waitUntil(() => proxy.connections === 0)
  })

  it('notices connections that no longer answer, and replaces them', { timeout: 30_000 }, async () => {
    const proxy = await tcpProxy(redisPort)
    afterAll(() => proxy.close())
    const cache = redisCache({ client: Redis({ port: proxy.port, lazyConnect: true }), prefix })
    afterAll(() => cache.close())
    await cache.open('storeA')
    const { seen, listener } = recordingListener()
    await cache.subscribe?.(listener)
    proxy.blackHole()
    const started = Date.now()
    await expect(cache.read([{ name: 'silent' }])).rejects.toMatchObject(UNAVAILABLE)
    await waitUntil(() => seen.includes('down'))
    console.log(`noticed a black hole after ${Date.now() - started} ms`)
    proxy.drop()
    proxy.heal()
    await waitUntil(() => seen.includes('resync', 2))
    await waitUntil(() => succeeds(cache.read([{ name: 'silent' }])))
  })

  it('reconnects if a connection attempt is never answered, so that it works once the network does', { timeout: 30_000 }, async () => {
    const proxy = await tcpProxy(redisPort)
    afterAll(() => proxy.close())
    proxy.blackHole()
    const cache = redisCache({ client: Redis({ port: proxy.port, lazyConnect: true }), prefix })
    afterAll(() => cache.close())
    await expect(cache.open('storeA')).rejects.toMatchObject(UNAVAILABLE)
    expect(proxy.connections).toBe(1)
    await waitUntil(() => proxy.connections > 1)
    proxy.heal()
    await waitUntil(() => succeeds(cache.open('storeA')))
  })
})
