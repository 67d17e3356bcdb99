/** A worker process. It has the flag in memory, and reports when it received a bare message and when its answer changed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { ChannelUptime } from './channel-uptime.ts'
import { openWorkerClient } from './worker-client.ts'
import {
  BARE_CHANNEL,
  BARE_POSTGRES,
  BARE_REDIS,
  FLAG,
  now,
  stampOf,
  USER,
  type WorkerCommand,
  type WorkerMessage,
  type WorkerPlan,
} from './worker-messages.ts'

/** A worker delays its report until the other workers have answered, so that it does not take their CPU time. */
const REPORT_DELAY_MS = 60
/** The wait before a worker that got the last known good reads again. */
const RETRY_MS = 20
/** Longer than 10 s, because the client reports the same error once in 10 s. */
const SAME_ERROR_MS = 11_000

const plan = JSON.parse(process.argv[2] ?? '') as WorkerPlan
const send = (message: WorkerMessage): void => {
  if (process.connected) process.send?.(message)
}
const stamp = (of: string): void => {
  const at = now()
  setTimeout(() => send({ type: 'stamp', of, at }), REPORT_DELAY_MS)
}

function crash(error: unknown): void {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (process.connected) process.send?.({ type: 'crashed', why } satisfies WorkerMessage, () => process.exit(1))
  else process.exit(1)
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)
// The parent has ended, so nothing would close this process.
process.on('disconnect', () => process.exit())

const redis = new Redis(plan.redisUrl)
redis.on('message', (_, number: string) => stamp(stampOf(BARE_REDIS, number)))
await redis.subscribe(BARE_CHANNEL)
const sql = postgres(plan.databaseUrl)
await sql.listen(BARE_CHANNEL, (number) => stamp(stampOf(BARE_POSTGRES, number)))

const uptime = new ChannelUptime()
const flags = openWorkerClient(plan, uptime)
// If PostgreSQL or Redis does not answer, the last known good is allowed. It counts as late, not as wrong.
let lastErrorAt = Number.NEGATIVE_INFINITY
flags.on('error', ({ code }) => {
  if (/^(STORE|CACHE)_(TIMEOUT|UNAVAILABLE)$/.test(code)) lastErrorAt = now()
})
await flags.ready()
let answer = await flags.isEnabled(FLAG, USER)
flags.on('change', ({ name, version }) => {
  if (name === FLAG) void waitForNewAnswer(version).catch(crash)
})

async function waitForNewAnswer(version: number): Promise<void> {
  const old = answer
  for (;;) {
    answer = await flags.isEnabled(FLAG, USER)
    if (answer !== old) return stamp(stampOf('version', version))
    if (now() - lastErrorAt > SAME_ERROR_MS) {
      throw new Error(`A hint told of version ${version}, but the answer is still the old one.`)
    }
    send({ type: 'late' })
    await sleep(RETRY_MS)
  }
}

async function handleCommand({ type }: WorkerCommand): Promise<void> {
  if (type === 'clock') send({ type: 'clock', at: now() })
  if (type === 'status') {
    const { upSince } = uptime
    send({ type: 'status', status: { channels: flags.stats().channels, ...(upSince !== undefined && { backAt: upSince }) } })
  }
  if (type === 'close') {
    await flags.close()
    process.exit()
  }
}
process.on('message', (command: WorkerCommand) => void handleCommand(command).catch(crash))
send({ type: 'ready' })
