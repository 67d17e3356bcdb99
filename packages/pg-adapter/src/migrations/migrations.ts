import { resolveSchemaName } from '../options/schema-name.ts'
import { initial } from './0001-initial.ts'
import { rulesAndSegments } from './0002-rules-and-segments.ts'
import { uses } from './0003-uses.ts'
import { lineage } from './0004-lineage.ts'

/** One step of the schema. Its SQL may run more than once, also by another tool, and records in the tables that it ran. */
export interface Migration {
  readonly id: string
  readonly sql: string
}

const STEPS: readonly { readonly id: string; readonly sql: (schema: string, number: number) => string }[] = [
  { id: '0001-initial', sql: initial },
  { id: '0002-rules-and-segments', sql: rulesAndSegments },
  { id: '0003-uses', sql: uses },
  { id: '0004-lineage', sql: lineage },
]

/** The number of migrations that `head()` requires to be recorded in the clock's row. */
export const NEEDED_MIGRATION: number = STEPS.length

/**
 * Every migration, oldest first, for a team that runs its own migration tool: run each once, in one transaction. Needs PostgreSQL 14.
 * Schema default `public`. Throws `INVALID_OPTIONS`.
 */
export function migrations(schema?: string): readonly Migration[] {
  const name = resolveSchemaName('migrations()', schema)
  return STEPS.map(({ id, sql }, index) => ({ id, sql: sql(name, index + 1) }))
}
