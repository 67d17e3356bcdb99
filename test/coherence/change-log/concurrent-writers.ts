import { type Cursor, FlagsError } from '@flagstone/core/adapter'
import { postgresStore } from '@flagstone/pg-adapter'
import { checkCursor, type LogRow, linesOf, missingFrom, type Poll } from './check-cursor.ts'
import type { TestDatabase } from './test-database.ts'
import { writeMethods } from './write-methods.ts'

export interface ConcurrentWritersOptions {
  readonly writers: number
  readonly rounds: number
}

export interface ConcurrentWritersResult {
  /** How many changes the writers committed. */
  readonly committed: number
  readonly polls: number
  /** Committed changes that are not in the log. */
  readonly unlogged: readonly string[]
  /** Changes in the log that no writer committed. */
  readonly phantoms: readonly string[]
  /** Differences between what the cursor was told and the log. */
  readonly missed: readonly string[]
  readonly deadlocks: number
  /** Other errors that writers did not provoke. */
  readonly refusals: readonly string[]
}

/** Runs writers that edit the same flags concurrently in every way, while a cursor polls. */
export async function runConcurrentWriters(
  database: TestDatabase,
  { writers, rounds }: ConcurrentWritersOptions,
): Promise<ConcurrentWritersResult> {
  const store = postgresStore({ sql: database.sql, schema: database.schema })
  const ledger: string[] = []
  const refusals: string[] = []
  const polls: Poll[] = []
  let deadlocks = 0
  let cursor: Cursor = (await store.head()).cursor
  const start = cursor.version

  const poll = async (): Promise<void> => {
    const answer = await store.changesSince(cursor)
    if (answer.kind === 'lost') throw new Error(answer.why)
    polls.push({ from: cursor.version, to: answer.cursor.version, changed: answer.changed })
    cursor = answer.cursor
  }
  const truncateWaits = async (): Promise<boolean> => {
    const waiting = await database.sql.unsafe(`
      SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = '${database.flags}'::regclass`)
    return waiting.length > 0
  }
  const polled = async (times: number): Promise<void> => {
    const until = polls.length + times
    // If a TRUNCATE waits for this transaction, polls wait for the TRUNCATE.
    while (polls.length < until && !(await truncateWaits())) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  const means = writeMethods(database, database.pool(writers), polled)
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      try {
        const made = await means[(writer * 5 + round) % means.length]?.({ writer, token: `w${writer}r${round}` })
        ledger.push(...(made ?? []))
      } catch (error) {
        if (isDeadlock(error)) deadlocks++
        else refusals.push(String(error))
      }
    }
  }
  let writing = true
  const done = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer))).finally(() => {
    writing = false
  })
  while (writing) await poll()
  await done
  await poll()

  const log = await database.sql.unsafe<LogRow[]>(`
    SELECT version::int, flag, operation, coalesce(after, before)->>'description' AS token
    FROM ${database.changes} WHERE version > ${start} ORDER BY version`)
  const logged = linesOf(log)
  return {
    committed: ledger.length,
    polls: polls.length,
    unlogged: missingFrom(logged, ledger),
    phantoms: missingFrom(ledger, logged),
    missed: checkCursor(log, polls),
    deadlocks,
    refusals,
  }
}

function isDeadlock(error: unknown): boolean {
  const cause: unknown = error instanceof FlagsError ? error.cause : error
  return cause instanceof Error && 'code' in cause && cause.code === '40P01'
}
