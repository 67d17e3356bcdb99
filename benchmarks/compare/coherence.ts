/**
 * Compares how long old values remain after an update, in Flagstone and five other caches: `pnpm compare:coherence`. Each scenario runs on
 * a real Redis with a slow source of truth; then every process is read again and again. A process is a client with its own connections; all
 * run in one Node process.
 */
import { readFile } from 'node:fs/promises'
import { type PrivateService, startPrivateRedis } from '@flagstone/services'
import { asyncCacheDedupe } from './libraries/async-cache-dedupe.ts'
import { bentocache } from './libraries/bentocache.ts'
import { cacheManager } from './libraries/cache-manager.ts'
import { cacheable } from './libraries/cacheable.ts'
import { flagstone } from './libraries/flagstone.ts'
import { layeredLoader } from './libraries/layered-loader.ts'
import { type Library, TTL_MS } from './library.ts'
import { observeAnswers } from './observe-answers.ts'
import { openScenarioRun } from './scenario-run.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

const ROUNDS = 3
const LIBRARIES: readonly Library[] = [bentocache, layeredLoader, cacheable, cacheManager, asyncCacheDedupe, flagstone]
/**
 * A value's TTL starts when it is loaded, but times here start when the update is made known. So from this share on, the whole TTL passed.
 */
const WHOLE = 0.75

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** How long old answers were given, for each round. */
async function runScenario(library: Library, scenario: Scenario, redis: PrivateService): Promise<readonly number[]> {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const scenarioRun = await openScenarioRun(library, redis)
    try {
      rounds.push((await observeAnswers(await scenario.run(scenarioRun))).oldMs)
    } finally {
      await scenarioRun.end()
    }
  }
  return rounds
}

function verdict(rounds: readonly number[]): string {
  const worst = Math.max(...rounds)
  if (worst === 0) return 'fresh at once'
  if (worst < WHOLE * TTL_MS) return `old for ${Math.ceil(worst)} ms, until repaired`
  const whole = rounds.filter((ms) => ms >= WHOLE * TTL_MS).length
  return `**old for ${seconds(worst)}, the whole TTL** (${whole} of ${ROUNDS})`
}

async function version({ from }: Library): Promise<string> {
  const text = await readFile(new URL(`../node_modules/${from}/package.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function row(library: Library): Promise<string> {
  const redis = await startPrivateRedis()
  try {
    const cells = [library.name, await version(library)]
    for (const scenario of SCENARIOS) cells.push(verdict(await runScenario(library, scenario, redis)))
    return line(cells)
  } finally {
    await redis.stop()
  }
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

const rows = await Promise.all(LIBRARIES.map(row))
const head = ['library', 'version', ...SCENARIOS.map(({ title }) => title)]
console.log([line(head), line(head.map(() => '---')), ...rows].join('\n'))
console.log(`
The time from the update (made known the way the library documents) to the last old answer of any process, the worst of ${ROUNDS} rounds.
The peers keep values for ${seconds(TTL_MS)} in each layer, so "the whole TTL" is whatever you set; Flagstone has its defaults (300 s in Redis, none in memory).
A process is a client with connections of its own; all of a row share one private Redis. Where nothing goes wrong, the time is the message's.`)
for (const { name, used } of LIBRARIES) console.log(`- ${name}: ${used}`)
// Some libraries keep trying to reach a stopped Redis, even after they are closed.
process.exit()
