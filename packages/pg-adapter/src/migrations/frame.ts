/** One lock for all schemas of a database: whoever migrates waits for whoever migrates. */
export const MIGRATION_LOCK = 7_310_027_316

/** SQL that waits for the other migrations of this database, and makes the schema where it is missing. */
export function opening(schema: string): string {
  // Not CREATE SCHEMA IF NOT EXISTS: that needs the right to create one even where it is there.
  return `
DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(${MIGRATION_LOCK});
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '${schema}') THEN
    CREATE SCHEMA "${schema}";
  END IF;
END $$;`
}

/** SQL that notes that this migration ran. */
export function closing(schema: string, number: number): string {
  return `
UPDATE "${schema}".feature_flag_clock SET migration = ${number} WHERE migration < ${number};`
}
