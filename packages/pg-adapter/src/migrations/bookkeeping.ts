/** The advisory lock of all migrations in a database, whatever their schema: they run one after the other. */
export const MIGRATION_LOCK = 7_310_027_316

/** SQL that waits for other migrations in this database, and creates the schema if it is missing. */
export function beginMigration(schema: string): string {
  // CREATE SCHEMA IF NOT EXISTS would require the right to create a schema even if it exists.
  return `
DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(${MIGRATION_LOCK});
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '${schema}') THEN
    CREATE SCHEMA "${schema}";
  END IF;
END $$;`
}

/** SQL that records in the clock's row that this migration ran. */
export function recordMigration(schema: string, number: number): string {
  return `
UPDATE "${schema}".feature_flag_clock SET migration = ${number} WHERE migration < ${number};`
}
