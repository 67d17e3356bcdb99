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
  /** Changes that were committed, as the writers themselves know. */
  readonly committed: number
  readonly polls: number
  /** Committed, and not in the log. */
  readonly unlogged: readonly string[]
  /** In the log, and committed by nobody. */
  readonly phantoms: readonly string[]
  /** Where the cursor was told something else than the log of that stretch says. */
  readonly missed: readonly string[]
  readonly deadlocks: number
  /** Everything else that a writer was refused and that it did not provoke. */
  readonly refusals: readonly string[]
}

/** Writers that edit the same flags by every means at once, and a cursor that polls throughout. */
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
    // Behind a TRUNCATE that waits for this transaction to end, PostgreSQL lets no poll through.
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
