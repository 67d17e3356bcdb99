import { randomBytes } from 'node:crypto'
import { migrate } from '@flagstone/pg-adapter'
import postgres, { type Sql } from 'postgres'
import { inject } from 'vitest'

/** A migrated schema for one test file. */
export interface TestDatabase {
  readonly schema: string
  /** A superuser's client. */
  readonly sql: Sql
  /** Quoted and qualified names, for statements as psql sends them. */
  readonly flags: string
  readonly changes: string
  /** Opens another pool, which `end()` closes. */
  pool(max: number): Sql
  end(): Promise<void>
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const schema = `log_${randomBytes(6).toString('hex')}`
  const pools: Sql[] = []
  const pool = (max: number): Sql => {
    const sql = openClient(inject('databaseUrl'), max)
    pools.push(sql)
    return sql
  }
  const sql = pool(4)
  await migrate({ sql, schema })
  return {
    schema,
    sql,
    flags: `"${schema}".feature_flags`,
    changes: `"${schema}".feature_flag_changes`,
    pool,
    async end() {
      await sql.unsafe(`DROP SCHEMA "${schema}" CASCADE`)
      await Promise.all(pools.map((each) => each.end()))
    },
  }
}

export function openClient(url: string, max: number): Sql {
  return postgres(url, { onnotice: () => undefined, max, idle_timeout: 0 })
}
