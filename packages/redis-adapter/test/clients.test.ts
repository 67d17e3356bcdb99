import { redisCache } from '@flagstone/redis-adapter'
import { afterAll, describe, expect, it } from 'vitest'
import { flagFill, majors, openRedisClient, redisPort, redisUrl, tokenOf, uniquePrefix } from './test-redis.ts'

const redis = openRedisClient()
const prefix = uniquePrefix(redis)

it('uses the keyPrefix of a URL', async () => {
  const cache = redisCache({ url: `${redisUrl}?keyPrefix=${prefix}url:` })
  afterAll(() => cache.close())
  await cache.open('storeA')
  await tokenOf(cache, 'f')
  expect(await redis.get(`${prefix}url:flag_fence:f`)).toContain('storeA.0.')
})

describe.each(majors)('with ioredis $major', ({ major, Redis }) => {
  it('runs its commands on a duplicate, never closes the client, and uses its keyPrefix and database', async () => {
    const client = Redis({ port: redisPort, keyPrefix: `${prefix}app${major}:`, db: 1, lazyConnect: true, stringNumbers: true })
    const cache = redisCache({ client, prefix: 'flags:' })
    expect(client.status).toBe('wait')
    await cache.open('storeA')
    const token = await tokenOf(cache, 'f')
    expect(await cache.fill([flagFill('f', token, 1)])).toEqual([true])
    expect(await cache.invalidate('f', 2)).toBe('raised')
    expect(client.status).toBe('wait')
    expect(await client.get('flags:flag_fence:f')).toContain('storeA.2.')
    expect(await cache.purge()).toBe(1)
    await cache.close()
    await cache.close()
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
  })

  it('sends its subscriber a hint for each raised fence, and nothing else', async () => {
    const client = Redis({ port: redisPort })
    afterAll(() => client.disconnect())
    const cache = redisCache({ client, prefix: `${prefix}${major}:` })
    afterAll(() => cache.close())
    await cache.open('storeA')
    const seen: unknown[] = []
    const unsubscribe = await cache.subscribe?.({
      onHint: (hint) => seen.push(hint),
      onResync: () => seen.push('resync'),
      onDown: () => seen.push('down'),
    })
    expect(seen).toEqual(['resync'])
    const channel = `${prefix}${major}:flag_hints:storeA`
    for (const junk of ['', 'x', '1', '1:', ':a', '1:a b', '-1:a', '1e3:a', '99999999999999999:a', '1:a:b', '1:__proto__']) {
      await redis.publish(channel, junk)
    }
    await cache.invalidate('a', 3)
    await cache.invalidate('a', 3)
    await cache.invalidate('a', 2)
    await cache.invalidate('b', 1)
    await expect.poll(() => seen).toEqual(['resync', { name: 'a', version: 3 }, { name: 'b', version: 1 }])
    await unsubscribe?.()
    await unsubscribe?.()
    expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 0])
    expect(seen).not.toContain('down')
  })
})

describe('options', () => {
  const client = openRedisClient()
  it.each([
    [undefined, 'client'],
    ['redis://x', 'client'],
    [{}, 'client'],
    [{ client, url: redisUrl }, 'either'],
    [{ client: undefined }, 'client'],
    [{ client: null }, 'client'],
    [{ client: {} }, 'client'],
    [{ client: { duplicate() {}, options: null } }, 'client'],
    [{ url: 'http://x' }, 'url'],
    [{ url: 5 }, 'url'],
    [{ url: 'redis://' }, 'url'],
    [{ url: 'redis://me:%E0%A4%A@x' }, 'url'],
    [{ client, prefix: 'a{b' }, 'prefix'],
    [{ client, prefix: 'a}' }, 'prefix'],
    [{ client, prefix: 'a\nb' }, 'prefix'],
    [{ client, prefix: 'a\0b' }, 'prefix'],
    [{ client, prefix: 'x'.repeat(101) }, 'prefix'],
    [{ client, prefix: 7 }, 'prefix'],
    [{ client, ttl: 5 }, 'ttl'],
  ])('%# are refused by name', (options, named) => {
    expect(() => redisCache(options as never)).toThrow(
      expect.objectContaining({ name: 'FlagsError', code: 'INVALID_OPTIONS', message: expect.stringContaining(named) }),
    )
  })

  it('never show a URL, which may contain a password', () => {
    expect(() => redisCache({ url: 'http://me:secret@x' })).not.toThrow(/secret/)
  })
})
