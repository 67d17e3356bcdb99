import type { Cursor } from '@flagstone/core/adapter'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { statements } from '../src/sql/statements.ts'
import { freshSchema, openClient } from './test-database.ts'

const { sql, schema, flags, segments, clock, changes } = await freshSchema()
const store = postgresStore({ sql, schema, lockTimeoutMs: 50 })
const run = (text: string) => sql.unsafe(text)

let start: Cursor

/** One line such as `update segment:a` for each change since the test began. */
async function logged(by: 'version' | 'line' = 'version'): Promise<string[]> {
  const rows = await run(`SELECT version, operation || ' ' || flag AS line FROM ${changes} WHERE version > ${start.version} ORDER BY ${by}`)
  return rows.map((row) => String(row['line']))
}

async function clockIsTheNewestChange(): Promise<void> {
  const [row] = await run(`SELECT c.version = (SELECT max(version) FROM ${changes}) AS same FROM ${clock} c`)
  expect(row?.['same']).toBe(true)
}

async function restart(): Promise<void> {
  start = (await store.head()).cursor
}

async function loaded(key: string): Promise<unknown> {
  return (await store.load([key])).flags.get(key)
}

beforeEach(async () => {
  await run(`TRUNCATE ${flags}, ${segments}`)
  await restart()
})
afterAll(() => store.close())

describe('an edit of segments by SQL', () => {
  test('is logged like any other change, with the role as actor', async () => {
    await store.segments.create({ name: 'beta', members: ['ada'] })
    const before = await loaded('segment:beta')
    await run(`UPDATE ${segments} SET members = array_append(members, 'bob'), conditions = '[{"attribute": "x", "operator": "exists"}]'`)
    const [change] = await store.history('segment:beta')
    const [session] = await run('SELECT session_user AS who')
    expect(change).toMatchObject({ flag: 'segment:beta', operation: 'update', actor: session?.['who'], before })
    expect(change?.after).toMatchObject({
      members: ['ada', 'bob'],
      when: [{ attribute: 'x', operator: 'exists' }],
      version: change?.version,
    })
    expect(await loaded('segment:beta')).toEqual(change?.after)
  })

  test('is announced under the key of the segment', async () => {
    const heard: string[] = []
    const end = await store.watch?.({ onHint: ({ name }) => heard.push(name), onResync: () => {}, onDown: () => {} })
    await run(`INSERT INTO ${segments} (name) VALUES ('beta')`)
    await run(`SELECT pg_notify('flagstone:${schema}', payload) FROM unnest(ARRAY['1:segment:', '2:segment:a:b', '3:other:a']) payload`)
    await run(`INSERT INTO ${flags} (name) VALUES ('last')`)
    await vi.waitFor(() => expect(heard).toContain('last'))
    expect(heard).toEqual(['segment:beta', 'last'])
    await end?.()
  })

  test('by DELETE and by TRUNCATE is a delete of each segment, and of no flag', async () => {
    await run(`INSERT INTO ${flags} (name) VALUES ('a')`)
    await run(`INSERT INTO ${segments} (name) VALUES ('a'), ('b'), ('c')`)
    await restart()
    await run(`DELETE FROM ${segments} WHERE name = 'a'`)
    await run(`TRUNCATE ${segments} RESTART IDENTITY`)
    expect(await logged('line')).toEqual(['delete segment:a', 'delete segment:b', 'delete segment:c'])
    await clockIsTheNewestChange()
    expect([...(await store.loadAll()).flags.keys()]).toEqual(['a'])
    await run(`INSERT INTO ${segments} (name) VALUES ('d')`)
    await restart()
    await run(`TRUNCATE ${segments}, ${flags}`)
    expect(await logged('line')).toEqual(['delete a', 'delete segment:d'])
    await clockIsTheNewestChange()
  })

  test('that renames a segment is a delete and a create', async () => {
    await store.segments.create({ name: 'a', members: ['x'] })
    await restart()
    await run(`UPDATE ${segments} SET name = 'b'`)
    expect(await logged()).toEqual(['delete segment:a', 'create segment:b'])
    const answer = await store.changesSince(start)
    expect(answer).toMatchObject({
      changed: [
        { name: 'segment:a', flag: null },
        { name: 'segment:b', flag: { name: 'b', members: ['x'] } },
      ],
    })
  })

  test('by INSERT … ON CONFLICT is one update, or no change', async () => {
    await run(`INSERT INTO ${segments} (name) VALUES ('a')`)
    await restart()
    await run(`INSERT INTO ${segments} (name) VALUES ('a') ON CONFLICT DO NOTHING`)
    expect(await store.head()).toMatchObject({ cursor: start })
    await run(`
      INSERT INTO ${segments} (name, members) VALUES ('a', '{x}'), ('b', '{y}')
      ON CONFLICT (name) DO UPDATE SET members = excluded.members`)
    expect(await logged('line')).toEqual(['create segment:b', 'update segment:a'])
    await clockIsTheNewestChange()
  })

  test('that deletes and inserts a segment in one statement is logged with the final record', async () => {
    await run(`INSERT INTO ${segments} (name) VALUES ('a')`)
    await run(`INSERT INTO ${flags} (name) VALUES ('b')`)
    await restart()
    await run(`WITH gone AS (DELETE FROM ${segments} RETURNING name) INSERT INTO ${segments} (name, members) SELECT name, '{x}' FROM gone`)
    // A flag of the same name does not affect the log of the segment's delete.
    await run(`UPDATE ${segments} SET name = 'b'`)
    expect(await logged()).toEqual(['create segment:a', 'delete segment:a', 'create segment:b'])
  })

  test('and of flags in one transaction becomes visible at once', async () => {
    await sql.begin(async (tx) => {
      await tx.unsafe(`INSERT INTO ${segments} (name) VALUES ('beta')`)
      await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('a')`)
      await tx.unsafe(`UPDATE ${segments} SET members = '{x}'`)
      expect(await store.changesSince(start)).toMatchObject({ changed: [] })
    })
    expect(await logged()).toEqual(['create segment:beta', 'create a', 'update segment:beta'])
    expect(await store.changesSince(start)).toMatchObject({ changed: [{ name: 'a' }, { name: 'segment:beta', flag: { members: ['x'] } }] })
    await clockIsTheNewestChange()
  })

  test('of very many segments in one statement moves the clock once and logs one change each', async () => {
    const many = 5_000
    await run(`INSERT INTO ${segments} (name, members) SELECT 'segment-' || n, ARRAY['x'] FROM generate_series(1, ${many}) n`)
    await run(`UPDATE ${segments} SET members = '{y}'`)
    const [row] = await run(`SELECT count(*)::int AS changes FROM ${changes} WHERE version > ${start.version}`)
    expect(row).toEqual({ changes: 2 * many })
    const answer = await store.changesSince(start)
    expect(answer.kind === 'changes' && answer.changed.length).toBe(many)
    await clockIsTheNewestChange()
  })
})

describe('an edit of rules by SQL', () => {
  test('is read and logged, and raises the schema so that older readers skip the flag', async () => {
    await run(
      `INSERT INTO ${flags} (name, rules) VALUES ('a', '[{"when": [{"attribute": "x", "operator": "equals", "value": 1.50}], "rollout": 5}]')`,
    )
    const record = { schema: 2, rules: [{ when: [{ attribute: 'x', operator: 'equals', value: 1.5 }], rollout: 5 }] }
    expect(await loaded('a')).toMatchObject(record)
    expect((await store.history('a'))[0]?.after).toMatchObject(record)
    await run(`UPDATE ${flags} SET rules = '[]', schema = 1`)
    expect(await loaded('a')).toMatchObject({ schema: 1, rules: [] })
    for (const [column, value] of [
      ['requires', '[{"flag": "b"}]'],
      ['variants', '[{"name": "v", "value": 1, "weight": 1}]'],
      ['ramp', '{"from": {"at": "2026-01-01T00:00:00Z", "rollout": 0}, "to": {"at": "2027-01-01T00:00:00Z", "rollout": 5}}'],
      ['bucket_by', 'company'],
    ]) {
      await run(`UPDATE ${flags} SET schema = 1, ${column} = '${value}'`)
      expect(await loaded('a')).toMatchObject({ schema: 2 })
      await run(`UPDATE ${flags} SET schema = 1, ${column} = NULL`)
      expect(await loaded('a')).toMatchObject({ schema: 1 })
    }
  })

  test('that is invalid affects only that flag, which can be repaired', async () => {
    await store.create({ name: 'b', rules: [{ when: [] }] })
    await store.create({ name: 'a' })
    await run(`UPDATE ${flags} SET rules = '[{"when": "always"}]' WHERE name = 'a'`)
    for (const { flags: all } of [await store.load(['a', 'b']), await store.loadAll()]) {
      expect(all.get('a')).toMatchObject({ code: 'PARSE_ERROR', flag: 'a', message: expect.stringContaining('rules.0.when') })
      expect(all.get('b')).toMatchObject({ rules: [{ when: [] }] })
    }
    await expect(store.update('a', { rules: null })).rejects.toMatchObject({ code: 'PARSE_ERROR' })
    await run(`UPDATE ${flags} SET rules = NULL WHERE name = 'a'`)
    await store.update('a', { rules: [{ when: [] }] })
  })

  test('can close a cycle, which any write can open again, while no write of the store can close another', async () => {
    await store.create({ name: 'a', requires: [{ flag: 'b' }] })
    await run(`INSERT INTO ${flags} (name, requires) VALUES ('b', '[{"flag": "a"}, {"flag": null}, {}]'), ('c', '[]')`)
    await store.update('a', { enabled: false })
    await store.update('c', { requires: [{ flag: 'a' }] })
    await expect(store.update('a', { requires: [{ flag: 'c' }] })).rejects.toMatchObject({ message: expect.stringContaining('a → c → a') })
    await store.update('a', { requires: null })
    await expect(store.update('a', { requires: [{ flag: 'b' }] })).rejects.toMatchObject({ code: 'PREREQUISITE_CYCLE' })
  })
})

describe('a write of a segment', () => {
  const holds: Record<string, string> = {
    'has written a flag': `INSERT INTO ${flags} (name) VALUES ('other')`,
    'has written a segment': `INSERT INTO ${segments} (name) VALUES ('other')`,
    'locked the row of the segment': `SELECT FROM ${segments} WHERE name = 'beta' FOR UPDATE`,
    'locked the table of segments': `LOCK TABLE ${segments} IN SHARE MODE`,
  }
  test.each(Object.entries(holds))('that is kept waiting fails and names the one that %s', async (_, statement) => {
    await store.segments.create({ name: 'beta' })
    const other = openClient({ max: 1, connection: { application_name: 'the blocker' } })
    try {
      await other.begin(async (tx) => {
        const [row] = await tx`SELECT pg_backend_pid() AS pid`
        await tx.unsafe(statement)
        await expect(store.segments.update('beta', { members: ['x'] })).rejects.toMatchObject({
          code: 'WRITE_BLOCKED',
          flag: 'segment:beta',
          message: expect.stringContaining('Segment beta could not be updated'),
          blockers: [{ pid: row?.['pid'], application: 'the blocker' }],
        })
      })
    } finally {
      await other.end()
    }
  })

  test('does not wait for a lock on the table of flags, nor a write of a flag for one on segments', async () => {
    await sql.begin(async (tx) => {
      await tx.unsafe(`LOCK TABLE ${flags} IN SHARE MODE`)
      await store.segments.create({ name: 'beta' })
    })
    await sql.begin(async (tx) => {
      await tx.unsafe(`LOCK TABLE ${segments} IN SHARE MODE`)
      await store.create({ name: 'a', requires: [{ flag: 'b' }] })
    })
  })

  test('and TRUNCATE of both tables do not deadlock', async () => {
    const patient = postgresStore({ sql: openClient({ max: 4 }), schema, lockTimeoutMs: 10_000 })
    const writes = Array.from({ length: 40 }, (_, index) =>
      index % 2 ? patient.create({ name: `flag-${index}` }) : patient.segments.create({ name: `segment-${index}` }),
    )
    await Promise.all([...writes, run(`TRUNCATE ${flags}, ${segments}`)])
    await run(`TRUNCATE ${segments}, ${flags}`)
    expect((await store.loadAll()).flags.size).toBe(0)
    await clockIsTheNewestChange()
  })

  test('is refused if the triggers are off', async () => {
    await store.segments.create({ name: 'beta' })
    const silent = openClient({ connection: { session_replication_role: 'replica' } as Record<string, string> })
    try {
      const deaf = postgresStore({ sql: silent, schema })
      await expect(deaf.segments.update('beta', { members: ['x'] })).rejects.toMatchObject({ code: 'GENERAL', flag: 'segment:beta' })
    } finally {
      await silent.end()
    }
  })
})

test('a load reads only the requested rows, and is not JIT-compiled', async () => {
  await run(`INSERT INTO ${flags} (name) SELECT 'flag-' || n FROM generate_series(1, 2000) n`)
  await run(`INSERT INTO ${segments} (name, members) SELECT 'segment-' || n, ARRAY['x'] FROM generate_series(1, 2000) n`)
  const [limit] = await run('SHOW jit_above_cost')
  for (const prepare of ['SELECT', `ANALYZE ${flags}, ${segments}`]) {
    await run(prepare)
    for (const keys of [['flag-7'], ['segment:segment-7', 'flag-8'], Array.from({ length: 500 }, (_, n) => `flag-${n}`)]) {
      const plan = await run(`EXPLAIN ${statements(schema).load.replace('$1::text', `'${JSON.stringify(keys)}'`)}`)
      const text = plan.map((line) => String(line['QUERY PLAN'])).join('\n')
      expect(text).toContain('feature_flags_pkey')
      expect(text).toContain('feature_flag_segments_pkey')
      expect(text).not.toMatch(/Seq Scan on feature_flag(s|_segments)/)
      expect(Number(/cost=[\d.]+\.\.([\d.]+)/.exec(text)?.[1])).toBeLessThan(Number(limit?.['jit_above_cost']))
    }
  }
})
