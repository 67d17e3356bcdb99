import { beginMigration, recordMigration } from './bookkeeping.ts'

/** A copy of a store is another store, and a flag that is renamed keeps its users. */
export function lineage(schema: string, number: number): string {
  const s = `"${schema}"`
  return `${beginMigration(schema)}
-- Names the store: its id, and the database that it is in. So a copy of the database, or a dump that is restored elsewhere, is another store.
-- With the rights of its owner, so that every role gets the same name.
CREATE OR REPLACE FUNCTION ${s}.feature_flag_lineage(store_id text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  cluster text := '';
BEGIN
  IF has_function_privilege('pg_control_system()', 'EXECUTE') THEN
    SELECT system_identifier::text INTO cluster FROM pg_control_system();
  END IF;
  RETURN left(encode(sha256(convert_to(
    store_id || ':' || cluster || ':' || (SELECT oid FROM pg_database WHERE datname = current_database()), 'UTF8')), 'hex'), 32);
END $$;
GRANT EXECUTE ON FUNCTION ${s}.feature_flag_lineage(text) TO PUBLIC;

-- The salt of a flag is its name where it has none of its own: so the old name stays as the salt of a flag that is renamed.
CREATE OR REPLACE FUNCTION ${s}.feature_flag_keep_salt() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.name <> OLD.name AND NEW.salt IS NULL AND OLD.salt IS NULL THEN
    NEW.salt := OLD.name;
  END IF;
  RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION ${s}.feature_flag_keep_salt() FROM PUBLIC;
CREATE OR REPLACE TRIGGER flagstone_keep_salt BEFORE UPDATE OF name ON ${s}.feature_flags
  FOR EACH ROW EXECUTE FUNCTION ${s}.feature_flag_keep_salt();
${recordMigration(schema, number)}`.trim()
}
