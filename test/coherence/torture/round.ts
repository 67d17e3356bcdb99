import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '@flagstone/pg-adapter'
import { startPrivatePostgres, startPrivateRedis } from '@flagstone/services'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { Chronicle } from './chronicle.ts'
import { Crew } from './crew.ts'
import { Dice } from './dice.ts'
import { Editor } from './editor.ts'
import { type Judgement, judgeRound, readLines } from './evidence.ts'
import { Play } from './play.ts'

export interface RoundOptions {
  readonly seed: number
  /** How long faults rain, in milliseconds. */
  readonly stormMs: number
}

export interface Report extends Judgement {
  readonly seed: number
  readonly changes: number
  readonly faults: number
  readonly healedMs: number
  readonly convergedMs: number
  readonly crashes: readonly string[]
}

type CleanUp = () => unknown

const SCHEMA = 'flagstone_torture'
const LOOK_MS = 25

/** One round: services, processes, faults, judgement. Leaves nothing behind. Rejects where the round itself did not come to its end. */
export async function round(options: RoundOptions): Promise<Report> {
  const cleanUps: CleanUp[] = []
  try {
    return await run(options, (cleanUp) => cleanUps.unshift(cleanUp))
  } catch (cause) {
    throw new Error(`torture, seed ${options.seed}: the round did not come to its end`, { cause })
  } finally {
    await cleanAll(cleanUps)
  }
}

/** All of them, whatever one says; then rejects with what the first that failed said. */
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

async function run({ seed, stormMs }: RoundOptions, later: (cleanUp: CleanUp) => void): Promise<Report> {
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

  const chronicle: Chronicle = new Chronicle(sql, (changes) => crew.told(changes))
  const crew: Crew = new Crew({ postgres: database, redis: cache, schema: SCHEMA, folder, seed, ears: chronicle })
  later(() => crew.scuttle())
  await crew.start()

  const watching = new AbortController()
  const watched = quiet(watch(chronicle, watching.signal))
  later(async () => {
    watching.abort()
    await watched
  })
  const editor = new Editor(sql, new Dice(seed + 1), () => chronicle.look())
  later(() => editor.stop())
  const theatre = { sql, redis, crew, note: (text: string) => chronicle.note(text) }
  const play = new Play(theatre, chronicle, editor, new Dice(seed + 2))
  const acted = await play.perform(stormMs)

  await crew.close()
  await chronicle.look()
  const judgement = judgeRound(await readLines(folder), chronicle, acted.stretches)
  return { ...judgement, ...acted, seed, changes: chronicle.changes.length, crashes: chronicle.crashes }
}

/** A failure is told by whoever waits for it in the end; until then it must not end this process. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

async function watch(chronicle: Chronicle, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await chronicle.look()
    await sleep(LOOK_MS)
  }
}
