import { afterAll, expect, test } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { statements } from '../src/sql/statements.ts'
import { freshSchema, openClient } from './test-database.ts'

const CHANGES = 20_000

const { sql, schema, flags, changes } = await freshSchema()
const store = postgresStore({ sql, schema })
const bare = openClient()
afterAll(async () => {
  await store.close()
  await bare.end()
})

test('a page at either end of a long log is read by an index', async () => {
  await sql.unsafe(`INSERT INTO ${flags} (name) SELECT 'flag-' || n FROM generate_series(1, ${CHANGES}) n`)
  await sql.unsafe(`ANALYZE ${changes}`)
  const { cursor } = await store.head()
  for (const after of ['NULL', "'0'", `'${cursor.version - 100}'`, `'${cursor.version}'`]) {
    for (const records of ["'true'", "'false'"]) {
      const given = [after, 'NULL', "'100'", records]
      const text = given.reduce(
        (found, value, index) => found.replaceAll(`$${index + 1}::text`, `${value}::text`),
        statements(schema).changes,
      )
      const plan = (await bare.unsafe(`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${text}`))
        .map((row) => String(row['QUERY PLAN']))
        .join('\n')
      expect(plan).not.toMatch(/Seq Scan on feature_flag_changes/)
      const rows = [...plan.matchAll(/feature_flag_changes.*actual rows=(\d+)/g)].map(([, count]) => Number(count))
      expect(Math.max(...rows)).toBeLessThanOrEqual(100)
    }
  }
})

test('all pages share one prepared statement', async () => {
  const { cursor } = await store.head()
  const walk = async (after: { version: number; id?: string }): Promise<number> => {
    const page = await store.changes({ after, limit: 1_000 })
    return page.kind === 'changes' ? page.changes.length : -1
  }
  for (let round = 0; round < 8; round++) {
    expect([await walk(cursor), await walk({ version: cursor.version - 5 }), await walk({ version: 0 })]).toEqual([0, 5, 1_000])
  }
})

test('a log whose last entries were deleted by hand counts as incomplete', async () => {
  const { cursor } = await store.head()
  await sql.unsafe(`DELETE FROM ${changes} WHERE version > ${cursor.version - 2}`)
  expect(await store.changes({ after: { version: cursor.version - 10 } })).toMatchObject({ kind: 'lost', why: 'pruned' })
  expect(await store.changes({ after: cursor })).toMatchObject({ kind: 'lost' })
})
