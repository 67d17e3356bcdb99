import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '@flagstone/pg-adapter'
import { startPrivatePostgres, startPrivateRedis } from '@flagstone/services'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { SeededRandom } from '../seeded-random.ts'
import { checkRun, type RunCheck, readLines } from './check-run.ts'
import { EventHistory } from './event-history.ts'
import { SqlEditor } from './sql-editor.ts'
import { TorturePhases } from './torture-phases.ts'
import { WorkerFleet } from './worker-fleet.ts'

export interface TortureOptions {
  readonly seed: number
  /** How long faults are injected, in milliseconds. */
  readonly faultsMs: number
}

export interface TortureReport extends RunCheck {
  readonly seed: number
  readonly changes: number
  readonly faults: number
  readonly healedMs: number
  readonly convergedMs: number
  readonly crashes: readonly string[]
}

type CleanUp = () => unknown

const SCHEMA = 'flagstone_torture'
const READ_INTERVAL_MS = 25

/**
 * Starts services and workers, injects faults, and checks the answers. Leaves nothing behind. Rejects if the run could not be completed.
 */
export async function runTorture(options: TortureOptions): Promise<TortureReport> {
  const cleanUps: CleanUp[] = []
  try {
    return await run(options, (cleanUp) => cleanUps.unshift(cleanUp))
  } catch (cause) {
    throw new Error(`torture, seed ${options.seed}: the run was not completed`, { cause })
  } finally {
    await cleanAll(cleanUps)
  }
}

/** Runs all clean-ups, even if one fails; then rejects with the first error. */
async function cleanAll(cleanUps: readonly CleanUp[]): Promise<void> {
  const failures: unknown[] = []
  for (const cleanUp of cleanUps) {
    try {
      await cleanUp()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

async function run({ seed, faultsMs }: TortureOptions, later: (cleanUp: CleanUp) => void): Promise<TortureReport> {
  const database = await startPrivatePostgres()
  later(() => database.stop())
  const cache = await startPrivateRedis()
  later(() => cache.stop())
  const folder = await mkdtemp(join(tmpdir(), 'flagstone-torture-'))
  later(() => rm(folder, { recursive: true }))

  await migrate({ url: database.url, schema: SCHEMA })
  const sql = postgres(database.url, {
    ...{ max: 4, onnotice: () => undefined },
    connection: { search_path: SCHEMA, application_name: 'torture' },
  })
  later(() => sql.end({ timeout: 1 }))
  const redis = new Redis(cache.url)
  later(() => redis.disconnect())

  const history: EventHistory = new EventHistory(sql, (changes) => fleet.announce(changes))
  const fleet: WorkerFleet = new WorkerFleet({ postgres: database, redis: cache, schema: SCHEMA, folder, seed, listener: history })
  later(() => fleet.killAll())
  await fleet.start()

  const watching = new AbortController()
  const watched = ignoreUntilAwaited(watch(history, watching.signal))
  later(async () => {
    watching.abort()
    await watched
  })
  const editor = new SqlEditor(sql, new SeededRandom(seed + 1), () => history.readChangeLog())
  later(() => editor.stop())
  const targets = { sql, redis, fleet, note: (text: string) => history.note(text) }
  const phases = await new TorturePhases(targets, history, editor, new SeededRandom(seed + 2)).run(faultsMs)

  await fleet.close()
  await history.readChangeLog()
  const check = checkRun(await readLines(folder), history, phases.periods)
  return { ...check, ...phases, seed, changes: history.changes.length, crashes: history.crashes }
}

/** The caller awaits the promise later; until then a rejection must not end this process. */
function ignoreUntilAwaited<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

async function watch(history: EventHistory, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await history.readChangeLog()
    await sleep(READ_INTERVAL_MS)
  }
}
