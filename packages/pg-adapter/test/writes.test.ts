import { type FlagPatch, FlagsError } from '@flagstone/core/adapter'
import type { Sql } from 'postgres'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { freshSchema, openClient, waitUntilBlocking } from './test-database.ts'

const { sql, schema, flags, clock, changes } = await freshSchema()
const store = postgresStore({ sql, schema, lockTimeoutMs: 50 })

beforeEach(async () => {
  await sql.unsafe(`TRUNCATE ${flags}`)
})
afterAll(() => store.close())

/** Runs `during` while another session, named `the blocker`, has run `statement` and keeps its transaction open. */
async function blocked(statement: string, during: (pid: number) => Promise<void>): Promise<void> {
  const other = openClient({ max: 1, connection: { application_name: 'the blocker' } })
  try {
    await other.begin(async (tx) => {
      const [row] = await tx`SELECT pg_backend_pid() AS pid`
      await tx.unsafe(statement)
      await during(Number(row?.['pid']))
    })
  } finally {
    await other.end()
  }
}

async function refusal(call: Promise<unknown>): Promise<FlagsError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof FlagsError)) throw new Error(`expected a FlagsError, received ${String(error)}`)
  return error
}

describe('a write that another transaction blocks', () => {
  const holds: Record<string, string> = {
    'has written any flag': `INSERT INTO ${flags} (name) VALUES ('other')`,
    'locked the row of the flag': `SELECT FROM ${flags} WHERE name = 'a' FOR UPDATE`,
    'locked the table': `LOCK TABLE ${flags} IN SHARE MODE`,
    'locked the clock': `SELECT "${schema}".feature_flag_lock()`,
  }
  test.each(Object.entries(holds))('fails and names the one that %s', async (_, statement) => {
    await store.create({ name: 'a' })
    await blocked(statement, async (pid) => {
      for (const write of [() => store.update('a', { rollout: 1 }), () => store.delete('a')]) {
        const error = await refusal(write())
        expect(error).toMatchObject({ code: 'WRITE_BLOCKED', flag: 'a' })
        expect(error.message).toContain('flag a'.replace('f', 'F'))
        expect(error.message).toContain(`pid ${pid} (the blocker, transaction open for `)
        expect(error.blockers).toEqual([{ pid, application: 'the blocker', ageMs: expect.any(Number) }])
        expect(error.blockers?.[0]?.ageMs).toBeGreaterThanOrEqual(50)
      }
      expect((await store.load(['a'])).flags.get('a')).toMatchObject({ rollout: 0 })
    })
    await store.update('a', { rollout: 1 })
  })

  test('by prune() fails the same way, without a flag', async () => {
    await blocked(`SELECT "${schema}".feature_flag_lock()`, async (pid) => {
      expect(await refusal(store.prune(0))).toMatchObject({ code: 'WRITE_BLOCKED', flag: undefined, blockers: [{ pid }] })
    })
  })

  test('fails even if the blocker cannot be found', async () => {
    await store.create({ name: 'a' })
    const blind = new Proxy(sql, {
      get: (target, key) =>
        key === 'unsafe'
          ? (text: string, ...rest: []) => target.unsafe(text.includes('pg_stat_activity') ? 'SELECT 1/0' : text, ...rest)
          : Reflect.get(target, key),
    }) as Sql
    await blocked(`SELECT "${schema}".feature_flag_lock()`, async () => {
      const error = await refusal(postgresStore({ sql: blind, schema, lockTimeoutMs: 20 }).update('a', { rollout: 1 }))
      expect(error).toMatchObject({ code: 'WRITE_BLOCKED', blockers: [], message: expect.stringContaining('it has ended since') })
    })
  })

  test('does not deadlock with an edit that started before it', async () => {
    await store.create({ name: 'a' })
    const patient = postgresStore({ sql, schema, lockTimeoutMs: 10_000 })
    let update: Promise<unknown> | undefined
    await blocked(`SELECT FROM ${flags} WHERE name = 'a' FOR UPDATE`, async (pid) => {
      update = patient.update('a', { rollout: 1 })
      await waitUntilBlocking(sql, pid)
    })
    await expect(update).resolves.toMatchObject({ after: { rollout: 1 } })
  })
})

describe('a write', () => {
  test('that the database refuses fails with the name of the constraint', async () => {
    await store.create({ name: 'a' })
    await sql.unsafe(`ALTER TABLE ${flags} ADD CONSTRAINT owners_of_the_host CHECK (owner IN ('ada', 'bob'))`)
    try {
      expect(await refusal(store.update('a', { owner: 'eve' }))).toMatchObject({
        code: 'INVALID_FLAG',
        flag: 'a',
        message: expect.stringMatching(/Flag a .*owners_of_the_host/),
      })
    } finally {
      await sql.unsafe(`ALTER TABLE ${flags} DROP CONSTRAINT owners_of_the_host`)
    }
  })

  test('of an invalid record is refused before it is sent, with the name of the field', async () => {
    await store.create({ name: 'a' })
    const text = { when: [{ attribute: 'x', operator: 'equals' as const, value: 'nul\0 inside' }] }
    for (const patch of [{ rollout: 33.3333 }, { rules: [text] }, { variants: [{ name: 'v', value: '\ud800', weight: 1 }] }]) {
      expect(await refusal(store.update('a', patch))).toMatchObject({
        code: 'INVALID_FLAG',
        message: expect.stringContaining(Object.keys(patch)[0] as string),
      })
    }
    expect(await refusal(store.update('a', { enabled: null } as unknown as FlagPatch))).toMatchObject({
      code: 'INVALID_FLAG',
      message: expect.stringContaining('enabled'),
    })
    expect(await refusal(store.create({ name: 'b', expiresAt: '+010000-01-01T00:00:00.000Z' }))).toMatchObject({ code: 'INVALID_FLAG' })
  })

  test('is refused if the triggers are off, and leaves nothing behind', async () => {
    await store.create({ name: 'a' })
    const silent = openClient({ connection: { session_replication_role: 'replica' } as Record<string, string> })
    try {
      const deaf = postgresStore({ sql: silent, schema })
      expect(await refusal(deaf.update('a', { rollout: 1 }))).toMatchObject({
        code: 'GENERAL',
        message: expect.stringContaining('triggers'),
      })
      expect(await refusal(deaf.delete('a'))).toMatchObject({ code: 'GENERAL', message: expect.stringContaining('triggers') })
      expect((await store.load(['a'])).flags.get('a')).toMatchObject({ rollout: 0 })
    } finally {
      await silent.end()
    }
  })

  test('is READ COMMITTED, whatever the default of the session', async () => {
    const strict = openClient({ connection: { default_transaction_isolation: 'serializable' } })
    try {
      const careful = postgresStore({ sql: strict, schema })
      await Promise.all(Array.from({ length: 10 }, (_, index) => careful.create({ name: `flag-${index}` })))
      await Promise.all(Array.from({ length: 10 }, (_, index) => careful.update(`flag-${index % 2}`, { rollout: index })))
    } finally {
      await strict.end()
    }
  })

  test('on a read-only server fails with STORE_UNAVAILABLE', async () => {
    const readOnly = openClient({ connection: { default_transaction_read_only: 'on' } as Record<string, string> })
    try {
      expect(await refusal(postgresStore({ sql: readOnly, schema }).create({ name: 'a' }))).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    } finally {
      await readOnly.end()
    }
  })

  test('that is aborted before the commit is rolled back', async () => {
    await store.create({ name: 'a' })
    const { cursor } = await store.head()
    expect(await refusal(store.update('a', { rollout: 1 }, {}, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'STORE_TIMEOUT' })
    const giveUp = new AbortController()
    const patient = postgresStore({ sql, schema, lockTimeoutMs: 10_000 })
    let update: Promise<FlagsError> | undefined
    await blocked(`SELECT "${schema}".feature_flag_lock()`, async (pid) => {
      update = refusal(patient.update('a', { rollout: 1 }, {}, { signal: giveUp.signal }))
      await waitUntilBlocking(sql, pid)
      giveUp.abort(new FlagsError('STORE_TIMEOUT', 'not within a second'))
    })
    expect(await update).toMatchObject({ code: 'STORE_TIMEOUT', message: 'not within a second' })
    expect((await store.head()).cursor).toEqual(cursor)
  })

  test('whose connection is lost fails, and harms neither the process nor the client', async () => {
    await store.create({ name: 'a' })
    const doomed = openClient({ max: 2, connection: { application_name: `doomed ${schema}` } })
    const victim = postgresStore({ sql: doomed, schema, lockTimeoutMs: 10_000 })
    try {
      await blocked(`SELECT "${schema}".feature_flag_lock()`, async () => {
        const update = refusal(victim.update('a', { rollout: 1 }))
        await vi.waitFor(async () => {
          const cut = await sql`
            SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l USING (pid)
            WHERE a.application_name = ${`doomed ${schema}`} AND NOT l.granted`
          expect(cut.length).toBe(1)
        })
        expect(await update).toMatchObject({ code: 'STORE_UNAVAILABLE', flag: 'a' })
      })
      // postgres.js also reports the last error of the server to the next query of that connection.
      await vi.waitFor(() => Promise.all(Array.from({ length: 5 }, (_, rollout) => victim.update('a', { rollout }))))
    } finally {
      await doomed.end()
    }
  })
})

describe('a record that cannot be read', () => {
  test('can be deleted but not updated, and its change says why', async () => {
    await store.create({ name: 'a' })
    await sql.unsafe(`ALTER TABLE ${flags} DROP CONSTRAINT feature_flags_hash_version_is_1`)
    await sql.unsafe(`UPDATE ${flags} SET hash_version = 2`)
    expect(await refusal(store.update('a', { rollout: 1 }))).toMatchObject({ code: 'PARSE_ERROR', flag: 'a' })
    const change = await store.delete('a')
    expect(change.before).toMatchObject({ code: 'PARSE_ERROR', flag: 'a' })
    await sql.unsafe(`ALTER TABLE ${flags} ADD CONSTRAINT feature_flags_hash_version_is_1 CHECK (hash_version = 1)`)
  })

  test('of a newer build keeps the columns that this build does not know', async () => {
    await store.create({ name: 'a' })
    await sql.unsafe(`ALTER TABLE ${flags} ADD COLUMN colour text`)
    try {
      await sql.unsafe(`UPDATE ${flags} SET colour = 'red'`)
      await store.update('a', { rollout: 1 })
      const [row] = await sql.unsafe(`SELECT colour FROM ${flags}`)
      expect(row).toEqual({ colour: 'red' })
      expect((await store.load(['a'])).flags.get('a')).not.toHaveProperty('colour')
      await sql.unsafe(`UPDATE ${flags} SET schema = 99`)
      expect((await store.load(['a'])).flags.get('a')).toMatchObject({ code: 'RECORD_TOO_NEW' })
    } finally {
      await sql.unsafe(`ALTER TABLE ${flags} DROP COLUMN colour`)
    }
  })
})

describe('the log', () => {
  test('is pruned by age, and refuses an invalid number of days', async () => {
    await store.create({ name: 'aged' })
    await store.update('aged', { rollout: 1 })
    await store.update('aged', { rollout: 2 })
    await sql.unsafe(`UPDATE ${changes} SET at = at - interval '36 hours' WHERE operation <> 'update' OR after->>'rollout' = '2'`)
    expect(await store.prune(2)).toBe(0)
    expect(await store.prune(1e300)).toBe(0)
    const pruned = await store.prune(1.25)
    expect(pruned).toBeGreaterThan(0)
    const history = await store.history('aged')
    expect(history.map(({ operation }) => operation)).toEqual(['update', 'update'])
    for (const days of [-1, Number.NaN]) expect(await refusal(store.prune(days))).toMatchObject({ code: 'INVALID_OPTIONS' })
  })

  test('that was emptied by hand counts as lost, not as complete', async () => {
    const { cursor } = await store.head()
    await store.create({ name: 'a' })
    const later = await store.head()
    await sql.unsafe(`DELETE FROM ${changes} WHERE version > ${cursor.version}`)
    expect(await store.changesSince(cursor)).toMatchObject({ kind: 'lost', why: 'pruned' })
    await sql.unsafe(`DELETE FROM ${changes}`)
    expect(await store.changesSince(cursor)).toMatchObject({ kind: 'lost' })
    expect(await store.changesSince(later.cursor)).toMatchObject({ kind: 'lost', why: 'rewound' })
    const { cursor: blind } = await store.head()
    expect(blind).toEqual({ version: later.cursor.version, id: '' })
    expect(await store.changesSince(blind)).toMatchObject({ kind: 'changes', cursor: blind, changed: [] })
    await store.create({ name: 'b' })
    expect(await store.changesSince(blind)).toMatchObject({ kind: 'changes', changed: [{ name: 'b' }] })
  })

  test('of a database that was restored from a backup counts as rewound', async () => {
    await store.create({ name: 'a' })
    const [backup] = await sql.unsafe(`SELECT version::int AS version FROM ${clock}`)
    await store.update('a', { rollout: 1 })
    const { cursor } = await store.head()
    await sql.unsafe(`DELETE FROM ${changes} WHERE version > ${backup?.['version']}`)
    await sql.unsafe(`UPDATE ${clock} SET version = ${backup?.['version']}`)
    await sql.unsafe(`ALTER SEQUENCE "${schema}".feature_flag_versions RESTART ${Number(backup?.['version']) + 1}`)
    expect(await store.changesSince(cursor)).toMatchObject({ kind: 'lost', why: 'rewound', cursor: { version: backup?.['version'] } })
    await store.create({ name: 'b' })
    expect((await store.head()).cursor.version).toBe(cursor.version)
    expect(await store.changesSince(cursor)).toMatchObject({ kind: 'lost', why: 'rewound' })
  })
})
