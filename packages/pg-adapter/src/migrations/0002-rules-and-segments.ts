import { beginMigration, recordMigration } from './bookkeeping.ts'
import { SEGMENTS } from './logged-table.ts'
import { segmentsTable } from './segments-table.ts'
import { raiseSchemaFunction, tableTriggerFunctions } from './trigger-functions.ts'
import { triggers } from './triggers.ts'

/**
 * The columns for rules, variants, prerequisites and ramps. SQL checks only type and size; the store validates the content when it reads
 * it.
 */
function columns(s: string): string {
  return `
-- A list of at most so many objects.
CREATE OR REPLACE FUNCTION ${s}.feature_flag_list_fits(value jsonb, most integer) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE jsonb_typeof(value)
    WHEN 'array' THEN jsonb_array_length(value) <= most AND NOT jsonb_path_exists(value, 'strict $[*] ? (@.type() <> "object")')
    ELSE false END
$$;
GRANT EXECUTE ON FUNCTION ${s}.feature_flag_list_fits(jsonb, integer) TO PUBLIC;

ALTER TABLE ${s}.feature_flags
  ADD COLUMN IF NOT EXISTS requires jsonb CONSTRAINT feature_flags_requires_fit CHECK (${s}.feature_flag_list_fits(requires, 50)),
  ADD COLUMN IF NOT EXISTS rules jsonb CONSTRAINT feature_flags_rules_fit CHECK (${s}.feature_flag_list_fits(rules, 1000)),
  ADD COLUMN IF NOT EXISTS variants jsonb CONSTRAINT feature_flags_variants_fit CHECK (${s}.feature_flag_list_fits(variants, 100)),
  ADD COLUMN IF NOT EXISTS ramp jsonb CONSTRAINT feature_flags_ramp_is_an_object CHECK (jsonb_typeof(ramp) = 'object'),
  ADD COLUMN IF NOT EXISTS bucket_by text
    CONSTRAINT feature_flags_bucket_by_1_to_200 CHECK (${s}.feature_flag_length(bucket_by) BETWEEN 1 AND 200);`
}

function schemaTrigger(s: string): string {
  const used = ['requires', 'rules', 'variants', 'ramp', 'bucket_by'].map((column) => `NEW.${column} IS NOT NULL`).join(' OR ')
  return `
CREATE OR REPLACE TRIGGER flagstone_schema BEFORE INSERT OR UPDATE ON ${s}.feature_flags FOR EACH ROW
  WHEN (${used}) EXECUTE FUNCTION ${s}.feature_flag_raise_schema();`
}

/** Columns for rules, variants, prerequisites and ramps, and the table of segments. */
export function rulesAndSegments(schema: string, number: number): string {
  const s = `"${schema}"`
  return [
    beginMigration(schema),
    columns(s),
    raiseSchemaFunction(s),
    schemaTrigger(s),
    segmentsTable(s),
    tableTriggerFunctions(s, SEGMENTS),
    triggers(s, SEGMENTS),
    recordMigration(schema, number),
  ]
    .join('\n')
    .trim()
}
