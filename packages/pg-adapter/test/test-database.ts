import { randomBytes } from 'node:crypto'
import postgres, { type Options, type Sql } from 'postgres'
import { afterAll, expect, inject, vi } from 'vitest'
import { migrate } from '../src/index.ts'

export const databaseUrl: string = inject('databaseUrl')

const ends: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

/** Runs after the tests of the file, in reverse order. May be called inside a test. */
export function afterFile(end: () => Promise<unknown>): void {
  ends.push(end)
}

/** A client for the statements of the tests. */
export function openClient(options: Options<Record<never, never>> = {}): Sql {
  return postgres(databaseUrl, { onnotice: () => {}, max: 4, ...options } as Options<Record<never, never>>)
}

export interface FreshSchema {
  readonly schema: string
  /** A superuser's client, ended after the tests of the file. */
  readonly sql: Sql
  /** Quoted and qualified names, for statements as psql sends them. */
  readonly flags: string
  readonly segments: string
  readonly clock: string
  readonly changes: string
  readonly uses: string
}

/** A schema of a random name, migrated unless told otherwise, dropped after the tests of the file. */
export async function freshSchema({ migrated = true } = {}): Promise<FreshSchema> {
  const schema = `test_${randomBytes(6).toString('hex')}`
  const sql = openClient()
  if (migrated) await migrate({ sql, schema })
  afterFile(async () => {
    await sql.unsafe(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)
    await sql.end()
  })
  const table = (name: string): string => `"${schema}".${name}`
  return {
    schema,
    sql,
    flags: table('feature_flags'),
    segments: table('feature_flag_segments'),
    clock: table('feature_flag_clock'),
    changes: table('feature_flag_changes'),
    uses: table('feature_flag_uses'),
  }
}

/** Resolves when a session waits for a lock of the session with this pid. */
export async function waitUntilBlocking(sql: Sql, pid: number): Promise<void> {
  await vi.waitFor(async () => {
    const waiting = await sql`SELECT FROM pg_stat_activity WHERE ${pid} = ANY (pg_blocking_pids(pid))`
    expect(waiting.length).toBeGreaterThan(0)
  })
}

/** A client with a new login role that has these grants. The role is dropped after the tests of the file. */
export async function openRoleClient(sql: Sql, ...grants: string[]): Promise<Sql> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${name}'`)
  for (const grant of grants) await sql.unsafe(`GRANT ${grant} TO ${name}`)
  const theirs = openClient({ username: name, password: name, max: 2 })
  afterFile(async () => {
    await theirs.end()
    await sql.unsafe(`DROP OWNED BY ${name}; DROP ROLE ${name}`)
  })
  return theirs
}
