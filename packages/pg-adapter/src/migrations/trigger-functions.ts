import { NO_CLOCK } from '../connection/store-error.ts'
import { FLAGS, type LoggedTable } from './logged-table.ts'

// The functions run as their owner, so that a role that edits flags needs no rights on clock, log and sequence. The search_path is fixed,
// so that no role can shadow a function or table. The time zone is fixed, so that the log has the same format for every session.
const DEFINER = `LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'`

/** Takes the lock that orders all writers. The store also calls it before it reads the flag that it will write. */
function lock(s: string): string {
  return `
CREATE OR REPLACE FUNCTION ${s}.feature_flag_lock() RETURNS void ${DEFINER} AS $$
DECLARE
  clock bigint;
  used bigint;
BEGIN
  SELECT version INTO clock FROM ${s}.feature_flag_clock FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'The row of ${s}.feature_flag_clock is gone; run migrate() of @flagstone/pg-adapter.' USING ERRCODE = '${NO_CLOCK}';
  END IF;
  -- Logical replication and a dump of the tables alone leave the sequence behind.
  SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END INTO used FROM ${s}.feature_flag_versions;
  IF used < clock THEN
    PERFORM setval('${s}.feature_flag_versions', clock);
  END IF;
END $$;`
}

/** Logs one change and sends NOTIFY, which PostgreSQL delivers when the transaction commits. */
function record(s: string): string {
  return `
CREATE OR REPLACE FUNCTION ${s}.feature_flag_record(version bigint, flag text, operation text, before jsonb, after jsonb)
RETURNS void ${DEFINER} AS $$
BEGIN
  INSERT INTO ${s}.feature_flag_changes (version, flag, operation, actor, reason, before, after) VALUES (
    version, flag, operation,
    coalesce(nullif(current_setting('flagstone.actor', true), ''), session_user),
    nullif(current_setting('flagstone.reason', true), ''),
    before, after);
  PERFORM pg_notify('flagstone:${s.slice(1, -1)}', version || ':' || flag);
END $$;`
}

/** Takes the lock before a statement changes its first row. */
function before(s: string): string {
  return `
CREATE OR REPLACE FUNCTION ${s}.feature_flag_before() RETURNS trigger ${DEFINER} AS $$
BEGIN
  PERFORM ${s}.feature_flag_lock();
  RETURN NULL;
END $$;`
}

/** Sets version and times of a row, and overrides what the statement set. */
function stamp(s: string): string {
  return `
CREATE OR REPLACE FUNCTION ${s}.feature_flag_stamp() RETURNS trigger ${DEFINER} AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  NEW.created_at := NEW.updated_at;
  IF TG_OP = 'UPDATE' THEN
    NEW.created_at := OLD.created_at;
    IF NEW.name IS DISTINCT FROM OLD.name THEN
      -- The number below is for the delete of the old name.
      PERFORM nextval('${s}.feature_flag_versions');
    END IF;
  END IF;
  NEW.version := nextval('${s}.feature_flag_versions');
  RETURN NEW;
END $$;`
}

/** Logs the change of a row. It runs AFTER, because a BEFORE trigger also fires for rows that ON CONFLICT DO NOTHING then skips. */
function log(s: string, { name: table, prefix, key }: LoggedTable): string {
  return `
CREATE OR REPLACE FUNCTION ${s}.${prefix}_log() RETURNS trigger ${DEFINER} AS $$
DECLARE
  -- Where the same statement put another row under the old name, that row's create tells of the name; a delete with a higher version
  -- would be a lie.
  gone boolean := TG_OP <> 'INSERT' AND NOT EXISTS (SELECT FROM ${s}.${table} WHERE name = OLD.name);
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.name = OLD.name THEN
    PERFORM ${s}.feature_flag_record(NEW.version, ${key('NEW.name')}, 'update', to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
  END IF;
  IF gone THEN
    PERFORM ${s}.feature_flag_record(
      CASE TG_OP WHEN 'DELETE' THEN nextval('${s}.feature_flag_versions') ELSE NEW.version - 1 END,
      ${key('OLD.name')}, 'delete', to_jsonb(OLD), NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM ${s}.feature_flag_record(NEW.version, ${key('NEW.name')}, 'create', NULL, to_jsonb(NEW));
  END IF;
  RETURN NULL;
END $$;`
}

/** Logs a TRUNCATE as one delete for each row. */
function truncate(s: string, { name: table, prefix, key }: LoggedTable): string {
  return `
CREATE OR REPLACE FUNCTION ${s}.${prefix}_truncate() RETURNS trigger ${DEFINER} AS $$
BEGIN
  PERFORM ${s}.feature_flag_lock();
  PERFORM ${s}.feature_flag_record(nextval('${s}.feature_flag_versions'), ${key('name')}, 'delete', to_jsonb(f), NULL)
  FROM ${s}.${table} f;
  RETURN NULL;
END $$;`
}

/**
 * Sets the clock to the newest change in the log, once per statement. The sequence may be ahead: it also counts versions that were rolled
 * back.
 */
function advance(s: string): string {
  return `
CREATE OR REPLACE FUNCTION ${s}.feature_flag_advance() RETURNS trigger ${DEFINER} AS $$
BEGIN
  UPDATE ${s}.feature_flag_clock c SET version = l.version
  FROM (SELECT max(version) AS version FROM ${s}.feature_flag_changes) l WHERE l.version > c.version;
  RETURN NULL;
END $$;`
}

/** Revokes EXECUTE. A trigger fires without that right, but a role that has it could attach the function to a table of its own. */
function rights(s: string): string {
  return `
REVOKE EXECUTE ON FUNCTION
  ${s}.feature_flag_record(bigint, text, text, jsonb, jsonb),
  ${s}.feature_flag_before(), ${s}.feature_flag_stamp(), ${s}.feature_flag_log(),
  ${s}.feature_flag_truncate(), ${s}.feature_flag_advance()
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ${s}.feature_flag_lock() TO PUBLIC;`
}

export function triggerFunctions(s: string): string {
  return [lock(s), record(s), before(s), stamp(s), log(s, FLAGS), truncate(s, FLAGS), advance(s), rights(s)].join('\n')
}

/** The further functions that the triggers of another table need. */
export function tableTriggerFunctions(s: string, table: LoggedTable): string {
  return `${log(s, table)}
${truncate(s, table)}

REVOKE EXECUTE ON FUNCTION ${s}.${table.prefix}_log(), ${s}.${table.prefix}_truncate() FROM PUBLIC;`
}

/** Raises `schema` if an edit by SQL sets a column that older readers would ignore. */
export function raiseSchemaFunction(s: string): string {
  return `
CREATE OR REPLACE FUNCTION ${s}.feature_flag_raise_schema() RETURNS trigger ${DEFINER} AS $$
BEGIN
  -- An empty list is as good as none.
  IF coalesce(NEW.requires <> '[]', false) OR coalesce(NEW.rules <> '[]', false) OR coalesce(NEW.variants <> '[]', false)
    OR NEW.ramp IS NOT NULL OR NEW.bucket_by IS NOT NULL THEN
    NEW.schema := greatest(NEW.schema, 2);
  END IF;
  RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION ${s}.feature_flag_raise_schema() FROM PUBLIC;`
}
