import { redisCache } from '@flagstone/redis-adapter'
import { startPrivateRedis, tcpProxy } from '@flagstone/services'
import { afterAll, describe, expect, it } from 'vitest'
import {
  flagFill,
  majors,
  openHandles,
  openRedisClient,
  recordingListener,
  succeeds,
  tokenOf,
  UNAVAILABLE,
  waitUntil,
} from './test-redis.ts'

const server = await startPrivateRedis()
afterAll(() => server.stop())

describe.each(majors)('with ioredis $major', ({ major, Redis }) => {
  const prefix = `p${major}:`
  const client = Redis({ port: server.port, lazyConnect: true })
  client.on('error', () => {})
  afterAll(() => client.disconnect())
  const redis = openRedisClient(server.url)

  async function open(options: object = {}, port = server.port) {
    const cache = redisCache({ client: Redis({ port, lazyConnect: true, ...options }), prefix })
    afterAll(() => cache.close())
    await cache.open('storeA')
    return cache
  }

  it('continues when Redis forgets its scripts, also in the middle of a batch', async () => {
    const cache = await open()
    await redis.script('FLUSH')
    const names = Array.from({ length: 50 }, (_, n) => `flush_${n}`)
    const reads = await cache.read(names.map((name) => ({ name })))
    await redis.script('FLUSH')
    expect(await cache.fill(names.map((name, n) => flagFill(name, reads[n]?.token ?? '', 1)))).toEqual(names.map(() => true))
    await redis.script('FLUSH')
    expect(await cache.invalidate('flush_1', 1)).toBe('raised')
  })

  it('continues when Redis loses everything', async () => {
    const cache = await open()
    await cache.fill([flagFill('gone', await tokenOf(cache, 'gone'), 5)])
    await redis.flushall()
    expect(await cache.read([{ name: 'gone' }])).toEqual([{ token: expect.stringMatching(/^storeA\.0\./), fenceVersion: 0 }])
  })

  it('fails at once with CACHE_UNAVAILABLE while Redis is down, and works again by itself', async () => {
    const cache = await open()
    const { seen, listener } = recordingListener()
    await cache.subscribe?.(listener)
    await tokenOf(cache, 'f')
    await server.kill()
    await waitUntil(async () => !(await succeeds(cache.read([{ name: 'f' }]))))
    const calls = [
      () => cache.read([{ name: 'f' }, { name: 'g' }]),
      () => cache.fill([flagFill('f', 'storeA.0.x', 1), flagFill('g', 'storeA.0.x', 1)]),
      () => cache.invalidate('f', 1),
      () => cache.forget(['f']),
      () => cache.purge(),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject(UNAVAILABLE)
    let failed = false
    cache.read([{ name: 'f' }]).catch(() => {
      failed = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(failed).toBe(true)
    await waitUntil(async () => !(await succeeds(cache.open('storeA'))))
    await waitUntil(() => seen.includes('down'))
    expect(seen).toEqual(['resync', 'down'])
    await server.restart()
    await waitUntil(() => succeeds(cache.read([{ name: 'f' }])))
    await waitUntil(() => seen.length > 2)
    await cache.invalidate('f', 1)
    await waitUntil(() => seen.includes('hint'))
    expect(seen).toEqual(['resync', 'down', 'resync', 'hint'])
    await cache.open('storeA')
  })

  it('fails pending commands when the connection is lost, and does not send them again', async () => {
    const cache = await open()
    await server.pause()
    const outcomes = Promise.allSettled([cache.read([{ name: 'f' }]), cache.invalidate('under_way', 1)])
    await server.kill()
    const failed = { status: 'rejected', reason: UNAVAILABLE }
    expect(await outcomes).toMatchObject([failed, failed])
    await server.restart()
    await waitUntil(() => succeeds(cache.read([{ name: 'f' }])))
    await waitUntil(() => succeeds(redis.ping()))
    expect(await redis.exists(`${prefix}flag_fence:under_way`)).toBe(0)
  })

  it('rejects open() while Redis is down, and connects as soon as it is up', async () => {
    const proxy = await tcpProxy(server.port)
    afterAll(() => proxy.close())
    proxy.cut()
    const cache = redisCache({ client: Redis({ port: proxy.port, lazyConnect: true }), prefix })
    afterAll(() => cache.close())
    const { seen, listener } = recordingListener()
    await cache.subscribe?.(listener)
    await expect(cache.open('storeA')).rejects.toMatchObject(UNAVAILABLE)
    const second = recordingListener()
    await cache.subscribe?.(second.listener)
    expect([...seen, ...second.seen]).toEqual([])
    proxy.heal()
    await waitUntil(async () =>
      cache.read([{ name: 'late' }]).then(
        (reads) => reads[0]?.token !== undefined,
        () => false,
      ),
    )
    await waitUntil(() => seen.includes('resync'))
    expect(seen).toEqual(['resync'])
  })

  it('reports the loss of a subscription once, and reconnects', async () => {
    const cache = await open()
    const { seen, listener } = recordingListener()
    await cache.subscribe?.(listener)
    await redis.client('KILL', 'TYPE', 'pubsub')
    await waitUntil(() => seen.length >= 3)
    await redis.client('KILL', 'TYPE', 'pubsub')
    await waitUntil(() => seen.length >= 5)
    expect(seen).toEqual(['resync', 'down', 'resync', 'down', 'resync'])
    await cache.invalidate('cut', 1)
    await waitUntil(() => seen.includes('hint'))
  })

  it('moves its subscription to the channel of the next store', async () => {
    const cache = redisCache({ client, prefix: `${prefix}move:` })
    const { seen, listener } = recordingListener()
    const unsubscribe = await cache.subscribe?.(listener)
    expect(seen).toEqual([])
    await cache.open('storeA')
    await cache.open('storeA')
    expect(seen).toEqual(['resync'])
    await cache.open('storeB')
    expect(seen).toEqual(['resync', 'resync'])
    await redis.publish(`${prefix}move:flag_hints:storeA`, '1:old')
    expect(seen).toHaveLength(2)
    await cache.invalidate('new', 1)
    await waitUntil(() => seen.includes('hint'))
    await unsubscribe?.()
    await cache.open('storeC')
    expect(seen).toEqual(['resync', 'resync', 'hint'])
    await cache.close()
  })

  it('raises a fence even if Redis is full, and then keeps no outdated entry', async () => {
    const cache = await open()
    const token = await tokenOf(cache, 'full')
    await cache.fill([flagFill('full', token, 1)])
    await redis.config('SET', 'maxmemory-policy', 'noeviction')
    await redis.config('SET', 'maxmemory', '1')
    try {
      await expect(cache.fill([flagFill('full', token, 1)])).rejects.toMatchObject(UNAVAILABLE)
      expect(await cache.invalidate('full', 2)).toBe('raised')
      expect(await cache.read([{ name: 'full' }])).toEqual([{ token: expect.stringContaining('storeA.2.'), fenceVersion: 2 }])
      const updatedRecord = { token: await tokenOf(cache, 'full'), value: null, ttlMs: 30_000 }
      expect(await cache.invalidate('full', 3, updatedRecord)).toBe('raised')
      expect(await cache.read([{ name: 'full' }])).toMatchObject([{ fenceVersion: 3, flag: { asOf: 3, value: null } }])
    } finally {
      await redis.config('SET', 'maxmemory', '0')
    }
  })

  it('answers a read even if a corrupt entry cannot be deleted', async () => {
    const cache = await open()
    const token = await tokenOf(cache, 'readonly')
    await redis.set(`${prefix}feature_flag:readonly`, `${token}|1|{`)
    await redis.call('REPLICAOF', '127.0.0.1', '1')
    try {
      expect(await cache.read([{ name: 'readonly' }])).toEqual([{ token, fenceVersion: 0 }])
      await expect(cache.invalidate('readonly', 1)).rejects.toMatchObject(UNAVAILABLE)
    } finally {
      await redis.call('REPLICAOF', 'NO', 'ONE')
    }
  })

  it('leaves nothing open when it is closed: idle, in use, connecting or between two attempts', async () => {
    const before = openHandles()
    const none = await tcpProxy(1)
    const downed = { port: none.port }
    await none.close()
    const idle = redisCache({ client, prefix })
    await idle.close()
    const used = redisCache({ client, prefix })
    await used.open('storeA')
    await used.subscribe?.(recordingListener().listener)
    const [pending] = await Promise.allSettled([used.read([{ name: 'f' }]), used.close(), used.close()])
    if (pending.status === 'rejected') expect(pending.reason).toMatchObject(UNAVAILABLE)
    const connecting = redisCache({ client, prefix })
    const opened = connecting.open('storeA')
    await connecting.close()
    await expect(opened).rejects.toMatchObject(UNAVAILABLE)
    const between = redisCache({ client: Redis({ ...downed, lazyConnect: true }), prefix })
    await expect(between.open('storeA')).rejects.toMatchObject(UNAVAILABLE)
    await between.subscribe?.(recordingListener().listener)
    await between.close()
    for (const closed of [idle, used, connecting, between]) {
      await expect(closed.read([{ name: 'f' }])).rejects.toMatchObject({ code: 'CLOSED' })
      await expect(closed.subscribe?.(recordingListener().listener)).rejects.toMatchObject({ code: 'CLOSED' })
      await expect(closed.open('storeA')).rejects.toMatchObject({ code: 'CLOSED' })
    }
    await waitUntil(() => openHandles().length <= before.length)
  })
})
