import { setTimeout as sleep } from 'node:timers/promises'
import type { Flags } from '@flagstone/core'
import { type BenchmarkServices, createClient } from './benchmark-services.ts'
import { describeDistribution } from './distribution.ts'
import { Fleet } from './fleet.ts'
import { type Result, ratio, type Samples } from './results-table.ts'
import { BARE_CHANNEL, BARE_POSTGRES, BARE_REDIS, FLAG, now, stampOf } from './worker-messages.ts'

const PROCESSES = 20
/** Warm-up rounds for the JIT compiler. */
const WARM_UP = 10
const ROUNDS = 100
/** Lets the background work of a round finish. */
const PAUSE_MS = 40
const TARGET = { times: 3, at: 'p99' } as const

/** What was sent, when the call started and when it was done. */
interface Sent {
  readonly stamp: string
  readonly called: number
  readonly done: number
}

type Send = (number: number) => Promise<Sent>

/** What was sent, and when each process knew it. */
interface Round extends Sent {
  readonly stamps: readonly number[]
}

/** Measures the time from a change until every process answers it from memory, compared with a bare message of the same service. */
export async function measureUpdates(services: BenchmarkServices): Promise<readonly Result[]> {
  const schema = await services.createSchema([FLAG])
  let committed = 0
  const flags = createClient(services, schema, {
    onCommit: () => {
      committed = now()
    },
  })
  const { url: databaseUrl } = services.postgres
  const { url: redisUrl } = services.redis
  const fleet = await Fleet.start(PROCESSES, { schema, databaseUrl, listenUrl: databaseUrl, redisUrl, subscribeUrl: redisUrl })
  console.log(`  ${PROCESSES} processes have the flag in memory; ${ROUNDS} rounds of each`)
  try {
    const [updated, published] = await inTurns(fleet, [updating(flags, () => committed), publishing(services)])
    const [edited, notified] = await inTurns(fleet, [editing(services, schema), notifying(services)])
    print('update() committed → each process', each(updated, 'done'))
    print('PUBLISH called → each process', each(published, 'called'))
    print('UPDATE returned → each process', each(edited, 'done'))
    print('NOTIFY returned → each process', each(notified, 'done'))
    const hint = last('bare PUBLISH', published, 'called')
    return [
      ratio(last('a. update() called → last of 20', updated, 'called'), hint, TARGET),
      ratio(last('a. update() committed → last of 20', updated, 'done'), hint, TARGET),
      ratio(last('b. SQL UPDATE called → last of 20', edited, 'called'), last('bare NOTIFY', notified, 'called')),
      ratio(last('b. SQL UPDATE returned → last of 20', edited, 'done'), last('bare NOTIFY, returned', notified, 'done')),
    ]
  } finally {
    await Promise.all([fleet.close(), flags.close()])
  }
}

/** `committed`: when the store had committed, before this process told anyone. */
function updating(flags: Flags, committed: () => number): Send {
  return async (number) => {
    const called = now()
    const { version, propagation } = await flags.admin.update(FLAG, { rollout: rolloutOf(number) })
    if (propagation !== 'ok') throw new Error('An update was not propagated to Redis.')
    return { stamp: stampOf('version', version), called, done: committed() }
  }
}

function editing({ sql }: BenchmarkServices, schema: string): Send {
  return async (number) => {
    const called = now()
    const [row] = await sql`UPDATE ${sql(schema)}.feature_flags SET rollout = ${rolloutOf(number)} WHERE name = ${FLAG} RETURNING version`
    return { stamp: stampOf('version', String(row?.['version'])), called, done: now() }
  }
}

function publishing({ bare }: BenchmarkServices): Send {
  return async (number) => {
    const called = now()
    await bare.publish(BARE_CHANNEL, String(number))
    return { stamp: stampOf(BARE_REDIS, number), called, done: now() }
  }
}

function notifying({ sql }: BenchmarkServices): Send {
  return async (number) => {
    const called = now()
    await sql.notify(BARE_CHANNEL, String(number))
    return { stamp: stampOf(BARE_POSTGRES, number), called, done: now() }
  }
}

/** Every round changes the answer. The last one restores the first answer. */
function rolloutOf(number: number): number {
  return number % 2 === 0 ? 100 : 0
}

async function inTurns(fleet: Fleet, sends: readonly [Send, Send]): Promise<[Round[], Round[]]> {
  const rounds: [Round[], Round[]] = [[], []]
  for (let number = 0; number < WARM_UP + ROUNDS; number++) {
    for (const [index, send] of sends.entries()) {
      const sent = await send(number)
      const stamps = await fleet.stamps(sent.stamp)
      if (number >= WARM_UP) rounds[index]?.push({ ...sent, stamps })
      await sleep(PAUSE_MS)
    }
  }
  return rounds
}

/** The time until the last process knew. */
function last(what: string, rounds: readonly Round[], from: 'called' | 'done'): Samples {
  return { what, ms: rounds.map((round) => Math.max(...round.stamps) - round[from]) }
}

function each(rounds: readonly Round[], from: 'called' | 'done'): readonly number[] {
  return rounds.flatMap((round) => round.stamps.map((at) => at - round[from]))
}

function print(what: string, samples: readonly number[]): void {
  console.log(`  ${what.padEnd(36)} ${describeDistribution(samples)}`)
}
