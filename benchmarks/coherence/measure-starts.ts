import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type BenchmarkServices, createClient } from './benchmark-services.ts'
import { describeDistribution } from './distribution.ts'
import { type Result, ratio } from './results-table.ts'
import { USER } from './worker-messages.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const PROGRAM = fileURLToPath(new URL('./fresh-process.ts', import.meta.url))
const ROUNDS = 10
const LIMIT_MS = 30_000
const NAMES = Array.from({ length: 100 }, (_, index) => `flag_${index}`)
const CHANGED = NAMES[0] ?? ''

export interface FreshPlan {
  readonly schema: string
  readonly databaseUrl: string
  readonly redisUrl: string
  /** The first flag is read alone, then all. */
  readonly names: readonly string[]
}

export interface FreshAnswers {
  readonly first: boolean
  readonly source: string
  readonly firstMs: number
  readonly all: readonly boolean[]
  /** The time until all were answered, including the first. */
  readonly allMs: number
}

/** Measures a process that starts with a Redis that missed a change, because no process was running, or that missed nothing. */
export async function measureStarts(services: BenchmarkServices): Promise<readonly Result[]> {
  const runs: Record<'repair' | 'nothing', FreshAnswers[]> = { repair: [], nothing: [] }
  for (let round = 0; round < ROUNDS; round++) {
    runs.nothing.push(await measureStart(services, false))
    runs.repair.push(await measureStart(services, true))
  }
  const firsts = { repair: runs.repair.map(({ firstMs }) => firstMs), nothing: runs.nothing.map(({ firstMs }) => firstMs) }
  const alls = { repair: runs.repair.map(({ allMs }) => allMs), nothing: runs.nothing.map(({ allMs }) => allMs) }
  console.log(`  the first answer was the new one in ${ROUNDS} of ${ROUNDS} starts`)
  console.log(`  first answer, Redis missed a change   ${describeDistribution(firsts.repair)}; from the ${sources(runs.repair)}`)
  console.log(`  first answer, nothing to repair       ${describeDistribution(firsts.nothing)}; from the ${sources(runs.nothing)}`)
  return [
    {
      ...ratio({ what: 'g. fresh process beside an old Redis', ms: firsts.repair }, { what: 'nothing to repair', ms: firsts.nothing }),
      ...{ target: 'first answer new', met: true },
    },
    ratio({ what: `g. … all ${NAMES.length} flags`, ms: alls.repair }, { what: 'nothing to repair', ms: alls.nothing }),
  ]
}

async function measureStart(services: BenchmarkServices, missed: boolean): Promise<FreshAnswers> {
  const schema = await services.createSchema(NAMES)
  const filler = createClient(services, schema)
  await Promise.all(NAMES.map((name) => filler.isEnabled(name, USER)))
  await filler.close()
  const cached = await services.bare.mget(NAMES.map((name) => `feature_flag:${name}`))
  if (cached.includes(null)) throw new Error('Not every flag is in Redis.')
  if (missed) await services.sql`UPDATE ${services.sql(schema)}.feature_flags SET rollout = 100 WHERE name = ${CHANGED}`
  const answers = await runFreshProcess({ schema, databaseUrl: services.postgres.url, redisUrl: services.redis.url, names: NAMES })
  const expected = NAMES.map((name) => missed && name === CHANGED)
  if (answers.first !== missed || expected.some((enabled, index) => answers.all[index] !== enabled)) {
    throw new Error(`A fresh process gave an old answer: ${JSON.stringify(answers)}`)
  }
  return answers
}

async function runFreshProcess(plan: FreshPlan): Promise<FreshAnswers> {
  return await new Promise((resolve, reject) => {
    let answers: FreshAnswers | undefined
    const child = fork(PROGRAM, [JSON.stringify(plan)], { cwd: FOLDER, execArgv: ['--import', 'tsx'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    child.on('message', (message: FreshAnswers) => {
      answers = message
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      if (answers === undefined) reject(new Error(`A fresh process ended without an answer: ${code ?? signal}`))
      else resolve(answers)
    })
  })
}

function sources(runs: readonly FreshAnswers[]): string {
  return [...new Set(runs.map(({ source }) => source))].join(' or ')
}
