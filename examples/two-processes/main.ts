/**
 * Two processes answer from their own memory, and get each change within milliseconds, whether it is made by `update()` or in SQL.
 *
 *     npx -y pnpm@12 example two-processes
 *
 * Runs on DATABASE_URL and REDIS_URL. If one is not set, the script starts a server of its own and stops it at the end.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createFlags, type Flags } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import { startServices } from '@flagstone/services'
import postgres from 'postgres'

const schema = 'flagstone_two_processes'

function openFlags(database: string, redis: string): Flags {
  return createFlags({
    store: postgresStore({ url: database, schema }),
    cache: redisCache({ url: redis, prefix: 'two-processes:' }),
    onError: (error) => console.warn(`${error.code}: ${error.message}`),
  })
}

/** Each child evaluates the flag once, and again after every change that it hears of. */
async function child(database: string, redis: string): Promise<void> {
  const flags = openFlags(database, redis)
  await flags.ready()
  // A hint may arrive before the change is in Redis; `minVersion` refuses anything older.
  const answer = async (minVersion: number): Promise<void> => {
    process.send?.(await flags.isEnabled('new_feature', 'ada', { minVersion }))
  }
  flags.on('change', ({ version }) => void answer(version))
  await answer(0)
  await once(process, 'disconnect')
  await flags.close()
}

async function parent(database: string, redis: string): Promise<void> {
  await migrate({ url: database, schema })
  const sql = postgres(database, { max: 1 })
  const flags = openFlags(database, redis)
  await flags.admin.ensure({ name: 'new_feature' })
  await flags.admin.update('new_feature', { enabled: true, rollout: 0 })

  const env = { ...process.env, DATABASE_URL: database, REDIS_URL: redis }
  const children = [1, 2].map(() => fork(fileURLToPath(import.meta.url), ['child'], { env }))
  console.log('Both children answer:', await Promise.all(children.map(nextAnswer)))

  await race('update() to rollout 100', children, () => flags.admin.update('new_feature', { rollout: 100 }))
  await race('UPDATE … SET enabled = false', children, () => {
    return sql`UPDATE ${sql(schema)}.feature_flags SET enabled = false WHERE name = 'new_feature'`
  })

  const exits = children.map((process) => once(process, 'exit'))
  for (const process of children) process.disconnect()
  await Promise.all([...exits, flags.close(), sql.end()])
}

/** Prints how long after the start of the change each child sent its new answer, including the message to this process. */
async function race(what: string, children: readonly ChildProcess[], change: () => PromiseLike<unknown>): Promise<void> {
  const start = performance.now()
  const after = (): string => `${(performance.now() - start).toFixed(1)} ms`
  const answers = children.map(async (process) => `${await nextAnswer(process)} after ${after()}`)
  const written = change().then(after)
  console.log(`${what}: written after ${await written}; children answer ${(await Promise.all(answers)).join(' and ')}`)
}

async function nextAnswer(process: ChildProcess): Promise<boolean> {
  const [answer] = await once(process, 'message', { signal: AbortSignal.timeout(15_000) })
  return answer as boolean
}

const { DATABASE_URL, REDIS_URL } = process.env
if (process.argv[2] === 'child' && DATABASE_URL && REDIS_URL) {
  await child(DATABASE_URL, REDIS_URL)
} else {
  const services = await startServices()
  await parent(services.postgres.url, services.redis.url).finally(() => services.stop())
}
