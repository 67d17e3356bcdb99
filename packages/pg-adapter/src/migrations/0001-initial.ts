import { checks } from './checks.ts'
import { functions } from './functions.ts'
import { tables } from './tables.ts'
import { triggers } from './triggers.ts'

/** One lock for all schemas of a database: whoever migrates waits for whoever migrates. */
export const MIGRATION_LOCK = 7_310_027_316

/** SQL that waits for the other migrations of this database, and makes the schema where it is missing. */
function opening(schema: string): string {
  // Not CREATE SCHEMA IF NOT EXISTS: that needs the right to create one even where it is there.
  return `
DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(${MIGRATION_LOCK});
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '${schema}') THEN
    CREATE SCHEMA "${schema}";
  END IF;
END $$;`
}

function closing(schema: string, number: number): string {
  return `
UPDATE "${schema}".feature_flag_clock SET migration = ${number} WHERE migration < ${number};`
}

/** Tables, checks, functions, triggers. */
export function initial(schema: string, number: number): string {
  const s = `"${schema}"`
  return [opening(schema), checks(s), tables(s), functions(s), triggers(s), closing(schema, number)].join('\n').trim()
}
