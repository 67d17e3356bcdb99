import type { Flags } from '@flagstone/core'
import { redisCache } from '@flagstone/redis-adapter'
import { type BenchmarkServices, createClient } from './benchmark-services.ts'
import { median } from './distribution.ts'
import type { Result } from './results-table.ts'

const FLAG = 'new_checkout'
const USER = 'user-4711'
const FLAG_KEY = `feature_flag:${FLAG}`
const FENCE_KEY = `flag_fence:${FLAG}`
const CHECK_KEY = `flag_check:${FLAG}:${USER}`
const ROUNDS = 100
const CALLS = 200
const TARGET = 1.15

interface Subject {
  readonly name: string
  /** Resolves with whether the answer was right. */
  readonly call: () => Promise<boolean>
  /** The highest allowed ratio to the bare GET; `Infinity` if there is no target. If absent, it is not in the table. */
  readonly target?: number
}

/** The cost of a call in one round, in microseconds: median latency and CPU time. */
interface Cost {
  readonly latency: number
  readonly cpu: number
}

/** Compares READ with a bare GET of the same value, one call at a time. */
export async function measureReads(services: BenchmarkServices): Promise<readonly Result[]> {
  const schema = await services.createSchema([])
  const flags = createClient(services, schema, { memory: false })
  const cache = redisCache({ url: services.redis.url })
  try {
    await cache.open(await services.storeId(schema))
    const version = await fill(services, flags)
    const { bare } = services
    const size = (await bare.get(FLAG_KEY))?.length
    console.log(`  the value has ${size} characters; ${ROUNDS} rounds of ${CALLS} calls of each`)
    const wanted = { name: FLAG, decision: { kind: 'check', targetingKey: USER } } as const
    return await compareWithFirst([
      { name: 'bare GET', call: async () => (await bare.get(FLAG_KEY))?.length === size },
      { name: 'bare MGET of fence and flag', call: async () => (await bare.mget(FENCE_KEY, FLAG_KEY))[1]?.length === size },
      {
        name: 'bare MGET of fence, flag, decision',
        call: async () => (await bare.mget(FENCE_KEY, FLAG_KEY, CHECK_KEY))[1]?.length === size,
      },
      {
        name: 'READ of a flag',
        call: async () => (await cache.read([{ name: FLAG }]))[0]?.flag?.value?.version === version,
        target: TARGET,
      },
      {
        name: 'READ of a flag and a decision',
        call: async () => (await cache.read([wanted]))[0]?.decision?.value === true,
        target: TARGET,
      },
      { name: 'isEnabled without memory, L2 hit', call: () => flags.isEnabled(FLAG), target: Number.POSITIVE_INFINITY },
      { name: 'isEnabled without memory, L1 hit', call: () => flags.isEnabled(FLAG, USER) },
    ])
  } finally {
    await Promise.all([flags.close(), cache.close()])
  }
}

/** Creates and caches the flag. Returns its version. */
async function fill({ bare }: BenchmarkServices, flags: Flags): Promise<number> {
  const about = { description: 'The checkout in one page', owner: 'payments', tags: ['web', 'checkout'] }
  const { version } = await flags.admin.create({ name: FLAG, rollout: 100, ...about })
  for (const who of [undefined, USER]) if (!(await flags.isEnabled(FLAG, who))) throw new Error(`${FLAG} must be on for everybody.`)
  // Fills are sent after the answer.
  while ((await bare.exists(FLAG_KEY, CHECK_KEY)) < 2) await new Promise((resolve) => setTimeout(resolve, 1))
  return version
}

/** Compares every subject with the first. */
async function compareWithFirst(subjects: readonly Subject[]): Promise<readonly Result[]> {
  const costs = new Map(subjects.map((subject) => [subject, [] as Cost[]]))
  for (let round = 0; round < ROUNDS; round++) {
    // Rotates the order, so that no subject always follows the same one.
    const from = round % subjects.length
    for (const subject of [...subjects.slice(from), ...subjects.slice(0, from)]) costs.get(subject)?.push(await cost(subject))
  }
  const [[{ name: base }, baseline]] = [...costs] as [[Subject, Cost[]]]
  return [...costs].flatMap(([{ name, target }, own]) => {
    const compared = (['latency', 'cpu'] as const).map((what) => compare(own, baseline, what))
    console.log(`  ${name.padEnd(36)} ${compared.map(({ what, cost, times }) => `${what} ${cost} (${times.toFixed(2)} ×)`).join('  ')}`)
    if (target === undefined) return []
    return compared.map(({ what, cost, baseCost, times }) => ({
      what: `d. ${name}: ${what}`,
      p50: cost,
      beside: `${base} ${baseCost}`,
      ratio: times.toFixed(2),
      ...(target < Number.POSITIVE_INFINITY && { target: `≤ ${target} ×`, met: times <= target }),
    }))
  })
}

function compare(own: readonly Cost[], baseline: readonly Cost[], what: keyof Cost) {
  const of = (costs: readonly Cost[]): string => `${median(costs.map((each) => each[what])).toFixed(1)} µs`
  // Compares within each round, because a slowdown affects all subjects of a round.
  const times = median(own.map((each, round) => each[what] / (baseline[round]?.[what] ?? Number.NaN)))
  return { what: what === 'cpu' ? 'CPU' : what, cost: of(own), baseCost: of(baseline), times }
}

async function cost({ name, call }: Subject): Promise<Cost> {
  const latencies: number[] = []
  const before = process.cpuUsage()
  for (let index = 0; index < CALLS; index++) {
    const from = process.hrtime.bigint()
    const right = await call()
    latencies.push(Number(process.hrtime.bigint() - from) / 1_000)
    if (!right) throw new Error(`${name} gave a wrong answer`)
  }
  const { user, system } = process.cpuUsage(before)
  return { latency: median(latencies), cpu: (user + system) / CALLS }
}
