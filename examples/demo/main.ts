/**
 * What Flagstone does, told in a terminal: one flag, a few users, several clients that each stand for a process of their own.
 *
 *     npx -y pnpm@12 demo
 *
 * With DATABASE_URL and REDIS_URL it runs on those services, otherwise in this process. Every figure is measured in this run.
 */
import { createFlags, type Flags, FlagsError } from '@flagstone/core'
import { type Backends, openBackends, SCHEMA } from './backends.ts'
import { askOnce, askTwice, countCrowd, createFlag, FLAG, raceChanges, showStats, USERS } from './demo-steps.ts'
import { heading, line, table } from './terminal-output.ts'

async function tell(backends: Backends, open: () => Promise<Flags>): Promise<void> {
  heading('1  A flag, on for half of the users')
  // By a client of its own, as from a script: whoever makes a change has the flag in memory at once.
  const script = await open()
  const first = await createFlag(script)

  heading('2  Client A is asked for five users, twice')
  const a = await open()
  const answers = await askTwice(a)
  line('The first question loads the flag; from then on memory answers, for every user.')

  heading('3  Two more clients start, as two more processes would')
  const [b, c] = [await open(), await open()]
  await askOnce([
    { client: 'B', flags: b, user: 'ada' },
    { client: 'B', flags: b, user: 'ben' },
    { client: 'C', flags: c, user: 'fay' },
  ])

  heading('4  Client A changes the flag: when does client B answer anew?')
  const out = USERS.find((_, index) => answers[index]?.enabled === false) ?? 'ben'
  await raceChanges(a, b, backends.sql, out)
  line('Both clocks start when the change is sent.')

  heading('5  The rollout goes up, and 10,000 users are asked for')
  await countCrowd(a)

  heading('6  Which layer knew (hits / misses)')
  showStats({ A: a, B: b, C: c })

  const history = await a.admin.history(FLAG)
  const changes = history.filter(({ version }) => version >= first).reverse()
  heading(`7  The change log: ${changes.length} changes of this run`)
  table(
    ['change', 'operation', 'actor', 'reason'],
    changes.map(({ version, operation, actor, reason }) => [{ right: String(version) }, operation, actor ?? '', reason ?? '']),
  )
  await leaveTraces(backends, open)
}

/** One more look at the flag as it stands now, so that every kind of key is there for whoever looks into Redis. */
async function leaveTraces({ store, cache }: Backends, open: () => Promise<Flags>): Promise<void> {
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
    await tell(backends, open)
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
