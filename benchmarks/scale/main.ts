/** What many flags cost: `pnpm bench:scale`. A private PostgreSQL, one process, no Redis; about a minute. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createFlags, type Flags } from '@flagstone/core'
import { migrate, postgresStore } from '@flagstone/pg-adapter'
import { startPrivatePostgres } from '@flagstone/services'
import postgres from 'postgres'

/** Of each flag, so that it has about 3.6 kB. */
const DESCRIPTION = 'x'.repeat(1_900)
const RULES = JSON.stringify([
  { name: 'y'.repeat(190), when: [{ attribute: 'plan', operator: 'in', value: Array(30).fill('z'.repeat(40)) }] },
])

const server = await startPrivatePostgres()
const sql = postgres(server.url, { onnotice: () => undefined, max: 2 })

async function fill(count: number, big: boolean): Promise<void> {
  await sql.unsafe('TRUNCATE feature_flags')
  await sql.unsafe(
    `INSERT INTO feature_flags (name, rollout, description, rules)
     SELECT 'flag_' || n, 100, $1, $2::text::jsonb FROM generate_series(1, ${count}) n`,
    big ? [DESCRIPTION, RULES] : [null, null],
  )
  await sql.unsafe('ANALYZE feature_flags, feature_flag_changes')
}

/** Runs it, and prints how long it took and the longest time for which the event loop did nothing else. */
async function measure(what: string, work: () => Promise<unknown>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  const result = await work()
  const ms = performance.now() - start
  await new Promise((resolve) => setTimeout(resolve, 20))
  delay.disable()
  console.log(
    `${what.padEnd(62)} ${(ms / 1_000).toFixed(2).padStart(7)} s   longest block ${(delay.max / 1e6).toFixed(0).padStart(5)} ms   ${result}`,
  )
}

function client(): Flags {
  return createFlags({ store: postgresStore({ url: server.url }), memory: { maxFlags: 200_000 } })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function clock(): Promise<number> {
  const [row] = await sql<{ version: string }[]>`SELECT version FROM feature_flag_clock`
  return Number(row?.version)
}

await migrate({ url: server.url })
for (const [count, big] of [
  [20_000, true],
  [100_000, false],
] as const) {
  await fill(count, big)
  const size = `${count.toLocaleString('en')} flags${big ? ' of 3.6 kB' : ''}`
  const names = Array.from({ length: count }, (_, index) => `flag_${index + 1}`)
  const flags = client()
  await flags.ready()
  await measure(`${size}: all cold, asked for at once`, async () => {
    const answers = await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))
    return `${answers.filter(Boolean).length} right`
  })
  await measure(`${size}: a bulk edit is caught up with`, async () => {
    await sql.unsafe('UPDATE feature_flags SET rollout = 0')
    const version = await clock()
    await until(() => flags.stats().clock >= version)
    return `at version ${version}`
  })
  // Not measured: to ask for that many at once blocks by itself.
  const answers = await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))
  if (answers.some(Boolean)) throw new Error('An answer is from before the edit.')
  await flags.close()
  const fresh = client()
  await fresh.ready()
  await measure(`${size}: the first snapshot`, async () => `${(await fresh.snapshot()).names.length} flags`)
  await fresh.close()
}
await sql.end()
await server.stop()
