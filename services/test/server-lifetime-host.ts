import { Redis } from 'ioredis'
import postgres from 'postgres'
import { startPrivatePostgres, startPrivateRedis } from '../src/index.ts'

const [store, cache] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
const redis = new Redis(cache.url)
const [, cacheFolder] = (await redis.config('GET', 'dir')) as string[]
redis.disconnect()
const sql = postgres(store.url, { max: 1 })
const [row] = await sql<{ data_directory: string }[]>`show data_directory`
await sql.end()

const folders = [cacheFolder, row?.data_directory.replace(/\/data$/, '')]
await new Promise<void>((resolve) =>
  process.stdout.write(`${JSON.stringify({ pids: [store.pid, cache.pid], folders })}\n`, () => resolve()),
)
if (process.argv[2] === 'wait') setInterval(() => {}, 1000)
if (process.argv[2] === 'throw') throw new Error('forgot to stop them')
