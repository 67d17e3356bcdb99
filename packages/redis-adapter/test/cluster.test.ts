import { redisCache } from '@flagstone/redis-adapter'
import type { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { startPrivateCluster } from './private-cluster.ts'
import { flagFill, majors, openHandles, recordingListener, succeeds, tokenOf, UNAVAILABLE, waitUntil } from './test-redis.ts'

const { servers, nodes } = await startPrivateCluster()
const [first, second] = nodes as [Redis, Redis]

async function keysOfAll(glob: string): Promise<string[]> {
  return (await Promise.all(nodes.map((node) => node.keys(glob)))).flat().sort()
}

async function slotOf(name: string): Promise<number> {
  return Number(await first.cluster('KEYSLOT', `{${name}}`))
}

/** Flag names whose keys are on one node. */
async function namesOn(node: Redis, count: number): Promise<string[]> {
  const names: string[] = []
  const at = nodes.indexOf(node)
  for (let n = 0; names.length < count; n++) {
    if (Math.floor(((await slotOf(`n${n}`)) * 3) / 16_384) === at) names.push(`n${n}`)
  }
  return names
}

describe.each(majors)('on a cluster, with ioredis $major', ({ major, Cluster }) => {
  const prefix = `c${major}:`
  const client = Cluster(servers[0]?.port ?? 0, { keyPrefix: 'app:', scaleReads: 'slave' })
  client.on('error', () => {})
  afterAll(() => client.disconnect())

  async function open(storeId = 'storeA') {
    const cache = redisCache({ client, prefix })
    afterAll(() => cache.close())
    await cache.open(storeId)
    return cache
  }

  it('keeps all keys of a flag in one slot, and flags on all nodes', async () => {
    const cache = await open()
    const names = Array.from({ length: 30 }, (_, n) => `spread_${n}`)
    const want = names.map((name) => ({ name, decision: { kind: 'check' as const, targetingKey: 'a{b}:c' } }))
    const reads = await cache.read(want)
    const decision = { kind: 'check' as const, targetingKey: 'a{b}:c', asOf: 1, value: true, ttlMs: 30_000 }
    const fills = names.map((name, n) => ({ ...flagFill(name, reads[n]?.token ?? '', 1), decision }))
    expect(await cache.fill(fills)).toEqual(names.map(() => true))
    expect(await cache.read(want)).toEqual(
      names.map((name, n) => ({
        token: reads[n]?.token,
        fenceVersion: 0,
        flag: { asOf: 1, value: expect.objectContaining({ name }) },
        decision: { asOf: 1, value: true },
      })),
    )
    expect(await keysOfAll('*spread_7}*')).toEqual([
      `app:${prefix}feature_flag:{spread_7}`,
      `app:${prefix}flag_check:{spread_7}:a{b}:c`,
      `app:${prefix}flag_fence:{spread_7}`,
    ])
    for (const node of nodes) expect(await node.keys(`app:${prefix}*`)).not.toEqual([])
    await cache.forget(names.slice(0, 10))
    expect(await keysOfAll(`app:${prefix}f*e*{spread_*}`)).toHaveLength(40)
    await client.set('kept', '1')
    expect(await cache.purge()).toBe(20 * 3 + 10)
    expect(await keysOfAll(`app:${prefix}*`)).toEqual([])
    expect(await keysOfAll('app:kept')).toHaveLength(1)
  })

  it('continues after SCRIPT FLUSH, and repairs corrupt entries', async () => {
    const cache = await open()
    const reports: string[] = []
    await cache.open('storeA', ({ code }) => reports.push(code))
    await Promise.all(nodes.map((node) => node.script('FLUSH')))
    const token = await tokenOf(cache, 'f')
    await Promise.all(nodes.map((node) => node.set(`app:${prefix}feature_flag:{f}`, `${token}|9000|{`).catch(() => undefined)))
    expect(await cache.read([{ name: 'f' }])).toEqual([{ token, fenceVersion: 0 }])
    expect(await cache.fill([flagFill('f', token, 1)])).toEqual([true])
    expect(await cache.invalidate('f', 2)).toBe('raised')
    expect(await cache.invalidate('f', 2)).toBe('already')
    expect(reports).toEqual(['PARSE_ERROR'])
  })

  it('gets hints from every node, and reports when the node it listens to is lost', async () => {
    const cache = await open()
    const { seen, listener } = recordingListener()
    const unsubscribe = await cache.subscribe?.(listener)
    for (const [n, node] of nodes.entries()) {
      const [name] = await namesOn(node, 1)
      await cache.invalidate(name as string, 100 * major + n)
    }
    await waitUntil(() => seen.length === 4)
    expect(seen).toEqual(['resync', 'hint', 'hint', 'hint'])
    await Promise.all(nodes.map((node) => node.client('KILL', 'TYPE', 'pubsub')))
    await waitUntil(() => seen.length === 6)
    expect(seen.slice(4)).toEqual(['down', 'resync'])
    await unsubscribe?.()
  })

  it('follows a slot that moves to another node, in the middle of mixed batches', async () => {
    const cache = await open()
    const [name, ...others] = (await namesOn(first, 4)) as [string, ...string[]]
    const token = await tokenOf(cache, name)
    const slot = await slotOf(name)
    const [from, to] = (await Promise.all([first, second].map((node) => node.cluster('MYID')))) as [string, string]
    await second.cluster('SETSLOT', slot, 'IMPORTING', from)
    await first.cluster('SETSLOT', slot, 'MIGRATING', to)
    const keys = (await first.cluster('GETKEYSINSLOT', slot, 100)) as string[]
    await first.call('MIGRATE', '127.0.0.1', servers[1]?.port ?? 0, '', 0, 1_000, 'KEYS', ...keys)
    for (const node of nodes) await node.cluster('SETSLOT', slot, 'NODE', to)
    try {
      const [reads, filled, raised] = await Promise.all([
        cache.read([{ name }, ...others.map((each) => ({ name: each }))]),
        cache.fill([flagFill(name, token, 5_000)]),
        cache.invalidate(others[0] as string, 1_000 * major),
      ])
      expect(reads[0]?.token).toBe(token)
      expect(filled).toEqual([true])
      expect(raised).toBe('raised')
    } finally {
      const left = (await second.cluster('GETKEYSINSLOT', slot, 100)) as string[]
      if (left.length > 0) await second.unlink(...left)
      for (const node of nodes) await node.cluster('SETSLOT', slot, 'NODE', from)
    }
  })

  it('fails for the flags of a node that is down, serves the others, and recovers', async () => {
    const cache = await open()
    const [down] = (await namesOn(second, 1)) as [string]
    const [up] = (await namesOn(first, 1)) as [string]
    await cache.read([{ name: down }, { name: up }])
    await servers[1]?.kill()
    await waitUntil(async () => !(await succeeds(cache.read([{ name: down }]))))
    await expect(cache.read([{ name: down }])).rejects.toMatchObject(UNAVAILABLE)
    await expect(cache.invalidate(down, 1)).rejects.toMatchObject(UNAVAILABLE)
    expect(await cache.read([{ name: up }])).toHaveLength(1)
    await servers[1]?.restart()
    await waitUntil(() => succeeds(cache.read([{ name: down }])))
    await waitUntil(async () => (await first.cluster('INFO')).includes('cluster_slots_ok:16384'))
  })

  it('refuses a keyPrefix with braces, which would spread a flag’s keys', () => {
    const braced = Cluster(1, { lazyConnect: true, redisOptions: { keyPrefix: '{app}' } })
    expect(() => redisCache({ client: braced })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })

  it('leaves nothing open when it is closed, also if no node was ever reachable', async () => {
    const before = openHandles()
    const cache = redisCache({ client, prefix })
    await cache.open('storeA')
    await cache.subscribe?.(recordingListener().listener)
    await cache.close()
    const nobody = Cluster(1, { lazyConnect: true })
    const lost = redisCache({ client: nobody })
    await expect(lost.open('storeA')).rejects.toMatchObject(UNAVAILABLE)
    await expect(lost.read([{ name: 'f' }])).rejects.toMatchObject(UNAVAILABLE)
    await lost.subscribe?.(recordingListener().listener)
    await lost.close()
    await waitUntil(() => openHandles().length <= before.length)
  })
})
