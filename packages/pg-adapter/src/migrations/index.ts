import { schemaOf } from '../options.ts'
import { initial } from './0001-initial.ts'
import { rulesAndSegments } from './0002-rules-and-segments.ts'
import { uses } from './0003-uses.ts'

/** One step of the tables. Its SQL may run again, also by another tool, and notes in the tables that it ran. */
export interface Migration {
  readonly id: string
  readonly sql: string
}

const STEPS: readonly { readonly id: string; readonly sql: (schema: string, number: number) => string }[] = [
  { id: '0001-initial', sql: initial },
  { id: '0002-rules-and-segments', sql: rulesAndSegments },
  { id: '0003-uses', sql: uses },
]

/** What `head()` expects to find noted. */
export const NEEDED_MIGRATION: number = STEPS.length

/**
 * Every migration, oldest first, for a team that runs its own migration tool: run each once, in one transaction. Needs PostgreSQL 14.
 * Schema default `public`. Throws `INVALID_OPTIONS`.
 */
export function migrations(schema?: string): readonly Migration[] {
  const name = schemaOf('migrations()', schema)
  return STEPS.map(({ id, sql }, index) => ({ id, sql: sql(name, index + 1) }))
}
