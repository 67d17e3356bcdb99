import { type Cursor, FlagsError } from '@flagstone/core/adapter'
import { postgresStore } from '@flagstone/pg-adapter'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from './test-database.ts'

const SIZES: readonly (readonly [number, string])[] = [
  [25_000, "'a'"],
  [50_000, "'a', 'b'"],
  [100_000, "'a', 'b', 'c'"],
]

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.end())

/** Runs a statement while a cursor polls, and returns what the cursor read. */
async function pollDuring(
  statement: () => Promise<unknown>,
): Promise<{ counts: number[]; seen: Map<string, string | undefined>; ms: number }> {
  const store = postgresStore({ sql: database.sql, schema: database.schema })
  let { cursor }: { cursor: Cursor } = await store.head()
  const counts: number[] = []
  const seen = new Map<string, string | undefined>()
  const poll = async (): Promise<void> => {
    const answer = await store.changesSince(cursor)
    if (answer.kind === 'lost') throw new Error(answer.why)
    cursor = answer.cursor
    if (answer.changed.length > 0) counts.push(answer.changed.length)
    for (const { name, flag } of answer.changed) {
      if (flag === null || flag instanceof FlagsError) throw new Error(`${name} cannot be read`)
      seen.set(name, flag.description)
    }
  }
  let running = true
  const from = performance.now()
  const done = statement().finally(() => {
    running = false
  })
  while (running) {
    await poll()
    // Polling without a pause would take CPU time from the statement that is measured.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await done
  const ms = performance.now() - from
  await poll()
  expect((await store.head()).cursor).toEqual(cursor)
  return { counts, seen, ms }
}

test('a cursor gets 100,000 rows of one statement in one poll, each exactly once', async () => {
  const writer = database.pool(1)
  const { flags, changes } = database
  await database.sql.begin(async (tx) => {
    // Creates the rows without the triggers, which saves half of the test's time.
    await tx.unsafe(`SET LOCAL session_replication_role = replica`)
    await tx.unsafe(`
      INSERT INTO ${flags} (name, version, created_at, updated_at, owner)
      SELECT 'flag-' || n, 0, now(), now(), CASE WHEN n <= 25000 THEN 'a' WHEN n <= 50000 THEN 'b' ELSE 'c' END
      FROM generate_series(1, 100000) n`)
  })
  const times: string[] = []
  for (const [size, owners] of SIZES) {
    const update = `UPDATE ${flags} SET description = 'of ${size}' WHERE owner IN (${owners})`
    const { counts, seen, ms } = await pollDuring(() => writer.unsafe(update))
    expect(counts).toEqual([size])
    expect(seen.size).toBe(size)
    expect(new Set(seen.values())).toEqual(new Set([`of ${size}`]))
    times.push(`${size} rows ${ms.toFixed(0)} ms (${((ms * 1_000) / size).toFixed(1)} µs a row)`)
  }
  const [row] = await database.sql.unsafe(`SELECT count(*)::int AS logged FROM ${changes}`)
  expect(row).toEqual({ logged: 175_000 })
  console.log(`change log, one UPDATE beside a polling cursor: ${times.join(', ')}`)
}, 60_000)
