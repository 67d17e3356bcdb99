/**
 * Shows in a terminal what Flagstone does: one flag, a few users, and several clients, each standing for a separate process.
 *
 *     npx -y pnpm@12 demo
 *
 * With DATABASE_URL and REDIS_URL it runs on those services, otherwise in this process. Every figure is measured in this run.
 */
import { createFlags, type Flags, FlagsError } from '@flagstone/core'
import { type Backends, openBackends, SCHEMA } from './backends.ts'
import { countUsers, createFlag, evaluateOnce, evaluateTwice, FLAG, raceChanges, showStats, USERS } from './demo-steps.ts'
import { heading, line, table } from './terminal-output.ts'

async function runDemo(backends: Backends, open: () => Promise<Flags>): Promise<void> {
  heading('1  A flag, on for half of the users')
  // By a separate client, as from a script, because the client that makes a change has the flag in memory at once.
  const script = await open()
  const first = await createFlag(script)

  heading('2  Client A evaluates the flag for five users, twice')
  const a = await open()
  const answers = await evaluateTwice(a)
  line('The first evaluation loads the flag; from then on memory answers for every user.')

  heading('3  Two more clients start, as two more processes would')
  const [b, c] = [await open(), await open()]
  await evaluateOnce([
    { client: 'B', flags: b, user: 'ada' },
    { client: 'B', flags: b, user: 'ben' },
    { client: 'C', flags: c, user: 'fay' },
  ])

  heading('4  Client A changes the flag: when does client B give the new answer?')
  const out = USERS.find((_, index) => answers[index]?.enabled === false) ?? 'ben'
  await raceChanges(a, b, backends.sql, out)
  line('Both clocks start when the change is sent.')

  heading('5  The rollout goes up, and the flag is evaluated for 10,000 users')
  await countUsers(a)

  heading('6  Which layer answered (hits / misses)')
  showStats({ A: a, B: b, C: c })

  const history = await a.admin.history(FLAG)
  const changes = history.filter(({ version }) => version >= first).reverse()
  heading(`7  The change log: ${changes.length} changes of this run`)
  table(
    ['change', 'operation', 'actor', 'reason'],
    changes.map(({ version, operation, actor, reason }) => [{ right: String(version) }, operation, actor ?? '', reason ?? '']),
  )
  await fillRedis(backends, open)
}

/** Evaluates the flag once more, so that Redis holds every kind of key for anybody who looks into it. */
async function fillRedis({ store, cache }: Backends, open: () => Promise<Flags>): Promise<void> {
  const flags = await open()
  await flags.isEnabled(FLAG, 'ada')
  const other = await open()
  await other.evaluate(FLAG, 'ben')
  if (store.embedded && cache.embedded) return
  heading('Look for yourself')
  if (!cache.embedded)
    line('redis-cli -u "$REDIS_URL" --scan          (answers stay for 30 and 60 s, the flag for 5 min, its fence for a day)')
  if (!store.embedded)
    line(
      `psql "$DATABASE_URL" -c 'SELECT version, flag, operation, actor, reason, at FROM ${SCHEMA}.feature_flag_changes ORDER BY version'`,
    )
}

async function main(): Promise<void> {
  const backends = await openBackends()
  const clients: Flags[] = []
  const open = async (): Promise<Flags> => {
    const onError = (error: FlagsError): void => line(`(${error.code}: ${error.message})`)
    const flags = createFlags({ store: backends.store.connect(), cache: backends.cache.connect(), onError })
    clients.push(flags)
    await flags.ready()
    return flags
  }
  heading('Flagstone: feature flags from your own PostgreSQL and Redis, answered from memory')
  table(
    ['layer', 'here'],
    [
      ['store', backends.store.at],
      ['shared cache', backends.cache.at],
    ],
  )
  try {
    await runDemo(backends, open)
  } finally {
    await Promise.all(clients.map((flags) => flags.close()))
    await backends.close()
  }
}

try {
  await main()
} catch (error) {
  console.error(error instanceof FlagsError ? `${error.code}: ${error.message}` : error instanceof Error ? error.message : error)
  process.exitCode = 1
}
