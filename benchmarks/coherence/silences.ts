import { setTimeout as sleep } from 'node:timers/promises'
import type { Flags } from '@flagstone/core'
import { type TcpProxy, tcpProxy } from '@flagstone/services'
import { describe } from './distribution.ts'
import { Fleet } from './fleet.ts'
import { FLAG, now, stampOf } from './protocol.ts'
import { alone, type Result } from './result.ts'
import { client, type World } from './world.ts'

const PROCESSES = 8
const OUTAGES = 10
const DEAF_ROUNDS = 4
const UNKNOWING_ROUNDS = 3
const UNKNOWING_WAIT_MS = 6_000
const [RECONNECTED_MS, POLL_WITHOUT_CHANNEL_MS, POLL_MS] = [1_000, 2_000, 10_000]

/** A fleet whose hints all come through two proxies; queries and commands do not. */
interface Bus {
  readonly fleet: Fleet
  readonly links: readonly TcpProxy[]
  /** Writes from outside of the outage, and answers the stamp to wait for. */
  update(): Promise<{ readonly stamp: string; readonly at: number }>
}

/** What processes answer that do not hear of a change: after an outage, and as long as it lasts. */
export async function silences(world: World): Promise<readonly Result[]> {
  const schema = await world.ground([FLAG])
  const flags = client(world, schema)
  const links = [await tcpProxy(world.postgres.port), await tcpProxy(world.redis.port)] as const
  const through = (url: string, { port }: TcpProxy): string => Object.assign(new URL(url), { port: String(port) }).href
  const fleet = await Fleet.start(PROCESSES, {
    ...{ schema, databaseUrl: world.postgres.url, redisUrl: world.redis.url },
    ...{ listenUrl: through(world.postgres.url, links[0]), subscribeUrl: through(world.redis.url, links[1]) },
  })
  try {
    await flags.ready()
    const bus: Bus = { fleet, links, update: updating(flags) }
    return [...(await outages(bus)), await deaf(bus), await unknowing(bus)]
  } finally {
    await Promise.all([fleet.close(), flags.close()])
    await Promise.all(links.map((link) => link.close()))
  }
}

function updating(flags: Flags): Bus['update'] {
  let rollout = 0
  return async () => {
    rollout = 100 - rollout
    const { version } = await flags.admin.update(FLAG, { rollout })
    return { stamp: stampOf('version', version), at: now() }
  }
}

/** The bus is gone and comes back: from a process' first channel that is up again to its new answer. */
async function outages({ fleet, links, update }: Bus): Promise<readonly Result[]> {
  const [sinceBack, sinceHealed]: [number[], number[]] = [[], []]
  let polled = 0
  for (let round = 0; round < OUTAGES; round++) {
    for (const link of links) link.cut()
    await allDeaf(fleet)
    const { stamp } = await update()
    for (const link of links) link.heal()
    const healed = now()
    const stamps = await fleet.stamps(stamp)
    for (const [index, { backAt = Number.NaN }] of (await allHearing(fleet)).entries()) {
      const at = stamps[index] ?? Number.NaN
      // The poll was quicker than the connection.
      if (at < backAt) polled++
      else sinceBack.push(at - backAt)
      sinceHealed.push(at - healed)
    }
  }
  console.log(`  reconnected → each process            ${describe(sinceBack)}; ${polled} others were told by their poll before`)
  console.log(`  healed → each process                 ${describe(sinceHealed)}`)
  return [
    alone({ what: 'e. reconnected after an outage → new answer', ms: sinceBack }, RECONNECTED_MS),
    alone({ what: 'e. network healed → new answer', ms: sinceHealed }),
  ]
}

/** Every channel is down, and the processes know. */
async function deaf({ fleet, links, update }: Bus): Promise<Result> {
  const samples: number[] = []
  for (let round = 0; round < DEAF_ROUNDS; round++) {
    for (const link of links) link.cut()
    await allDeaf(fleet)
    await sleep(Math.random() * POLL_WITHOUT_CHANNEL_MS)
    const { stamp, at } = await update()
    samples.push(...(await fleet.stamps(stamp)).map((answered) => answered - at))
    for (const link of links) link.heal()
    await allHearing(fleet)
  }
  console.log(`  channels cut, update → each process   ${describe(samples)}`)
  return alone({ what: 'f. channels cut: update → new answer', ms: samples }, POLL_WITHOUT_CHANNEL_MS)
}

/** Nothing arrives, and the processes cannot know: every connection looks well. */
async function unknowing({ fleet, links, update }: Bus): Promise<Result> {
  const samples: number[] = []
  for (let round = 0; round < UNKNOWING_ROUNDS; round++) {
    for (const link of links) link.blackHole()
    // Every process polls anew from when its channels came up: the first round is the worst case, the others come in between.
    if (round > 0) await sleep(Math.random() * UNKNOWING_WAIT_MS)
    const { stamp, at } = await update()
    samples.push(...(await fleet.stamps(stamp)).map((answered) => answered - at))
    for (const link of links) link.heal()
    await allHearing(fleet)
  }
  console.log(`  black hole, update → each process     ${describe(samples)}`)
  return alone({ what: 'f. channels black-holed: update → new answer', ms: samples }, POLL_MS)
}

async function allDeaf(fleet: Fleet): Promise<void> {
  await fleet.until('every channel is down', ({ channels }) => channels === 0)
}

function allHearing(fleet: Fleet): ReturnType<Fleet['until']> {
  return fleet.until('a channel of each process is up', ({ channels }) => channels > 0)
}
