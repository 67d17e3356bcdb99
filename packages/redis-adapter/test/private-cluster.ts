import { createServer } from 'node:net'
import { type PrivateService, startPrivateRedis } from '@flagstone/services'
import { Redis } from 'ioredis'
import { afterAll } from 'vitest'
import { waitUntil } from './test-redis.ts'

const SLOTS = 16_384

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

export interface PrivateCluster {
  readonly servers: readonly PrivateService[]
  /** A client of each node, in the order of `servers`. */
  readonly nodes: readonly Redis[]
}

/** A cluster of three masters for one test file. */
export async function startPrivateCluster(): Promise<PrivateCluster> {
  const buses = await Promise.all([freePort(), freePort(), freePort()])
  const servers = await Promise.all(
    buses.map((bus) =>
      startPrivateRedis({
        args: [
          '--cluster-enabled',
          'yes',
          '--cluster-port',
          String(bus),
          '--cluster-node-timeout',
          '1500',
          '--cluster-require-full-coverage',
          'no',
        ],
      }),
    ),
  )
  const nodes = servers.map(({ port }) => new Redis(port))
  afterAll(async () => {
    for (const node of nodes) node.disconnect()
    await Promise.all(servers.map((server) => server.stop()))
  })
  for (const [n, node] of nodes.entries()) {
    node.on('error', () => {})
    const [from, to] = [Math.floor((n * SLOTS) / 3), Math.floor(((n + 1) * SLOTS) / 3) - 1]
    await node.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
    await node.cluster('SET-CONFIG-EPOCH', n + 1)
    for (const [m, { port }] of servers.entries()) await node.call('CLUSTER', 'MEET', '127.0.0.1', port, buses[m] as number)
  }
  const formed = async (node: Redis): Promise<boolean> => {
    const info = await node.cluster('INFO')
    return info.includes('cluster_state:ok') && info.includes(`cluster_slots_ok:${SLOTS}`)
  }
  await waitUntil(async () => (await Promise.all(nodes.map(formed))).every(Boolean))
  return { servers, nodes }
}
