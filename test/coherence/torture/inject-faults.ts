import { setTimeout as sleep } from 'node:timers/promises'
import type { TcpProxy } from '@flagstone/services'
import type { Redis } from 'ioredis'
import type { Sql } from 'postgres'
import type { SeededRandom } from '../seeded-random.ts'
import type { NetworkLinks } from './network-links.ts'
import type { WorkerFleet } from './worker-fleet.ts'
import type { WorkerHandle } from './worker-handle.ts'
import { FLAGS } from './worker-messages.ts'

/** What faults act on: direct connections to the services, and the fleet with its network links. */
export interface FaultTargets {
  readonly sql: Sql
  readonly redis: Redis
  readonly fleet: WorkerFleet
  readonly note: (text: string) => void
}

/** Makes something fail, and restores it after about `ms` milliseconds. */
type Fault = (targets: FaultTargets, random: SeededRandom, ms: number) => Promise<void>

/** A random worker whose link fails; not the disconnected one. */
function victim({ fleet }: FaultTargets, random: SeededRandom): WorkerHandle {
  return random.pick(fleet.workers.filter(({ role }) => role.name !== 'disconnected'))
}

function onLink(which: keyof NetworkLinks, what: string, fail: (link: TcpProxy, random: SeededRandom) => void): Fault {
  return async (targets, random, ms) => {
    const worker = victim(targets, random)
    const link = worker.links[which]
    targets.note(`${worker.role.name}: ${which} ${what} for ${ms} ms`)
    fail(link, random)
    await sleep(ms)
    link.heal()
    targets.note(`${worker.role.name}: ${which} healed`)
  }
}

function keysOf(random: SeededRandom, kinds: readonly string[]): string[] {
  return FLAGS.filter(() => random.chance(0.6)).flatMap((flag) => kinds.map((kind) => `${kind}:${flag}`))
}

/** Kills the writer after its commit, so that only the poll or another process can notice the change. */
const killAfterCommit: Fault = async (targets, random) => {
  const replaced = await targets.fleet.replaceWriter(async (writer) => {
    const blackHoled = random.chance(0.5)
    if (blackHoled) writer.links.redis.blackHole()
    const version = await writer.stall(null)
    targets.note(`${writer.role.name}: SIGKILL after the commit of ${version ?? 'nothing'}${blackHoled ? ', its Redis black-holed' : ''}`)
  })
  if (replaced) targets.note('another writer started')
}

const killAnywhere: Fault = async (targets, random) => {
  await targets.fleet.replaceWriter(async (writer) => {
    await sleep(random.between(0, 200))
    targets.note(`${writer.role.name}: SIGKILL`)
  })
}

const lateAcknowledgement: Fault = async ({ fleet, note, sql }, random, ms) => {
  const { writer } = fleet
  const version = await writer.stall(ms)
  note(`${writer.role.name}: the acknowledgement of ${version ?? 'nothing'} is ${ms} ms late`)
  if (version === undefined) return
  await sleep(random.between(0, ms / 2))
  // Another edit overtakes it.
  await sql`UPDATE feature_flags SET rollout = ${random.between(0, 100)}
            WHERE name = (SELECT flag FROM feature_flag_changes WHERE version = ${version})`
}

const evictions: Fault = async ({ redis, note }, _, ms) => {
  const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
  note(`maxmemory ${used} with allkeys-lru for ${ms} ms`)
  // With one sample the LRU is random, so fences are evicted too.
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory-samples', '1', 'maxmemory', String(used))
  const until = performance.now() + ms
  for (let n = 0; performance.now() < until; n++) {
    await redis.set(`ballast:${n % 200}`, 'x'.repeat(500)).catch(() => undefined)
    await sleep(2)
  }
  await redis.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction')
  note('maxmemory lifted')
}

const FAULTS: Readonly<Record<string, Fault>> = {
  killAfterCommit,
  killAnywhere,
  lateAcknowledgement,
  evictions,
  subscribersKilled: async ({ redis, note }) => {
    note(`CLIENT KILL TYPE pubsub: ${await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')}`)
  },
  listenersTerminated: async ({ sql, note }) => {
    const { count } = await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                                WHERE application_name = 'flagstone' AND query LIKE 'LISTEN%'`
    note(`pg_terminate_backend of ${count} that LISTEN`)
  },
  backendsTerminated: async ({ sql, note }) => {
    const { count } = await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flagstone'`
    note(`pg_terminate_backend of all ${count}`)
  },
  flushed: async ({ redis, note }) => {
    await redis.flushall()
    note('FLUSHALL')
  },
  scriptsFlushed: async ({ redis, note }) => {
    await redis.script('FLUSH')
    note('SCRIPT FLUSH')
  },
  fencesDeleted: async ({ redis, note }, random) => {
    const keys = keysOf(random, ['flag_fence'])
    if (keys.length > 0) await redis.del(keys)
    note(`DEL ${keys.join(' ')}`)
  },
  entriesDeleted: async ({ redis, note }, random) => {
    const keys = keysOf(random, ['feature_flag'])
    if (keys.length > 0) await redis.del(keys)
    note(`DEL ${keys.join(' ')}`)
  },
  redisPaused: async ({ redis, note }, _, ms) => {
    note(`CLIENT PAUSE ${Math.min(ms, 500)}`)
    await redis.call('CLIENT', 'PAUSE', Math.min(ms, 500), 'ALL')
  },
  redisBlackHoled: onLink('redis', 'black-holed', (link) => link.blackHole()),
  redisCut: onLink('redis', 'cut', (link) => link.cut()),
  redisSlow: onLink('redis', 'slow', (link, random) => link.delay(random.between(5, 150))),
  postgresBlackHoled: onLink('postgres', 'black-holed', (link) => link.blackHole()),
  postgresCut: onLink('postgres', 'cut', (link) => link.cut()),
  postgresSlow: onLink('postgres', 'slow', (link, random) => link.delay(random.between(5, 150))),
  listenBlackHoled: onLink('listen', 'black-holed', (link) => link.blackHole()),
  listenCut: onLink('listen', 'cut', (link) => link.cut()),
}

/**
 * Injects faults in random order, two at a time, for about `ms` milliseconds. Every kind is used before any is repeated. Returns how many.
 */
export async function injectFaults(targets: FaultTargets, random: SeededRandom, ms: number): Promise<number> {
  const until = performance.now() + ms
  let bag: Fault[] = []
  let count = 0
  const act = async (): Promise<void> => {
    while (performance.now() < until) {
      if (bag.length === 0) bag = shuffled(Object.values(FAULTS), random)
      const fault = bag.pop() as Fault
      count++
      await fault(targets, random, random.between(100, 1_500))
      await sleep(random.between(0, 150))
    }
  }
  await Promise.all([act(), act()])
  return count
}

function shuffled<T>(list: readonly T[], random: SeededRandom): T[] {
  return list
    .map((one) => ({ one, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one)
}
