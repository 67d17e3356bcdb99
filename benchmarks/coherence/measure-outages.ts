import { setTimeout as sleep } from 'node:timers/promises'
import type { Flags } from '@flagstone/core'
import { type TcpProxy, tcpProxy } from '@flagstone/services'
import { type BenchmarkServices, createClient } from './benchmark-services.ts'
import { describeDistribution } from './distribution.ts'
import { Fleet } from './fleet.ts'
import { type Result, summarizeSamples } from './results-table.ts'
import { FLAG, now, stampOf } from './worker-messages.ts'

const PROCESSES = 8
const OUTAGES = 10
const DOWN_ROUNDS = 4
const SILENT_ROUNDS = 3
const MAX_WAIT_BEFORE_UPDATE_MS = 6_000
const [RECONNECTED_MS, POLL_WITHOUT_CHANNEL_MS, POLL_MS] = [1_000, 2_000, 10_000]

/** A fleet that gets all hints through two proxies. Queries and commands do not use them. */
interface HintNetwork {
  readonly fleet: Fleet
  readonly proxies: readonly TcpProxy[]
  /** Writes past the outage. Returns the event to wait for. */
  update(): Promise<{ readonly stamp: string; readonly at: number }>
}

/** Measures how soon processes answer a change that they get no hint of: after an outage, and during it. */
export async function measureOutages(services: BenchmarkServices): Promise<readonly Result[]> {
  const schema = await services.createSchema([FLAG])
  const flags = createClient(services, schema)
  const proxies = [await tcpProxy(services.postgres.port), await tcpProxy(services.redis.port)] as const
  const through = (url: string, { port }: TcpProxy): string => Object.assign(new URL(url), { port: String(port) }).href
  const fleet = await Fleet.start(PROCESSES, {
    ...{ schema, databaseUrl: services.postgres.url, redisUrl: services.redis.url },
    ...{ listenUrl: through(services.postgres.url, proxies[0]), subscribeUrl: through(services.redis.url, proxies[1]) },
  })
  try {
    await flags.ready()
    const network: HintNetwork = { fleet, proxies, update: createUpdate(flags) }
    return [...(await measureReconnects(network)), await measureWithChannelsDown(network), await measureWithChannelsSilent(network)]
  } finally {
    await Promise.all([fleet.close(), flags.close()])
    await Promise.all(proxies.map((proxy) => proxy.close()))
  }
}

function createUpdate(flags: Flags): HintNetwork['update'] {
  let rollout = 0
  return async () => {
    rollout = 100 - rollout
    const { version } = await flags.admin.update(FLAG, { rollout })
    return { stamp: stampOf('version', version), at: now() }
  }
}

/** Cuts the channels and restores them: from the first channel that is up again to the new answer. */
async function measureReconnects({ fleet, proxies, update }: HintNetwork): Promise<readonly Result[]> {
  const [sinceBack, sinceHealed]: [number[], number[]] = [[], []]
  let polled = 0
  for (let round = 0; round < OUTAGES; round++) {
    for (const proxy of proxies) proxy.cut()
    await waitUntilAllDown(fleet)
    const { stamp } = await update()
    for (const proxy of proxies) proxy.heal()
    const healed = now()
    const stamps = await fleet.stamps(stamp)
    for (const [index, { backAt = Number.NaN }] of (await waitUntilAllUp(fleet)).entries()) {
      const at = stamps[index] ?? Number.NaN
      // The poll was faster than the reconnect.
      if (at < backAt) polled++
      else sinceBack.push(at - backAt)
      sinceHealed.push(at - healed)
    }
  }
  console.log(`  reconnected → each process            ${describeDistribution(sinceBack)}; ${polled} others were told by their poll before`)
  console.log(`  healed → each process                 ${describeDistribution(sinceHealed)}`)
  return [
    summarizeSamples({ what: 'e. reconnected after an outage → new answer', ms: sinceBack }, RECONNECTED_MS),
    summarizeSamples({ what: 'e. network healed → new answer', ms: sinceHealed }),
  ]
}

/** Every channel is down, and the processes know it. */
async function measureWithChannelsDown({ fleet, proxies, update }: HintNetwork): Promise<Result> {
  const samples: number[] = []
  for (let round = 0; round < DOWN_ROUNDS; round++) {
    for (const proxy of proxies) proxy.cut()
    await waitUntilAllDown(fleet)
    await sleep(Math.random() * POLL_WITHOUT_CHANNEL_MS)
    const { stamp, at } = await update()
    samples.push(...(await fleet.stamps(stamp)).map((answered) => answered - at))
    for (const proxy of proxies) proxy.heal()
    await waitUntilAllUp(fleet)
  }
  console.log(`  channels cut, update → each process   ${describeDistribution(samples)}`)
  return summarizeSamples({ what: 'f. channels cut: update → new answer', ms: samples }, POLL_WITHOUT_CHANNEL_MS)
}

/** No hint arrives, and the processes cannot know it, because every connection stays open. */
async function measureWithChannelsSilent({ fleet, proxies, update }: HintNetwork): Promise<Result> {
  const samples: number[] = []
  for (let round = 0; round < SILENT_ROUNDS; round++) {
    for (const proxy of proxies) proxy.blackHole()
    // The poll interval restarts when the channels come up. So the first round is the worst case, and the others are in between.
    if (round > 0) await sleep(Math.random() * MAX_WAIT_BEFORE_UPDATE_MS)
    const { stamp, at } = await update()
    samples.push(...(await fleet.stamps(stamp)).map((answered) => answered - at))
    for (const proxy of proxies) proxy.heal()
    await waitUntilAllUp(fleet)
  }
  console.log(`  black hole, update → each process     ${describeDistribution(samples)}`)
  return summarizeSamples({ what: 'f. channels black-holed: update → new answer', ms: samples }, POLL_MS)
}

async function waitUntilAllDown(fleet: Fleet): Promise<void> {
  await fleet.until('every channel is down', ({ channels }) => channels === 0)
}

function waitUntilAllUp(fleet: Fleet): ReturnType<Fleet['until']> {
  return fleet.until('a channel of each process is up', ({ channels }) => channels > 0)
}
