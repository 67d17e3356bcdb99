import { closing, opening } from './frame.ts'
import { functionsOf, raiseSchema } from './functions.ts'
import { SEGMENTS } from './logged-table.ts'
import { segments } from './segments.ts'
import { triggers } from './triggers.ts'

/** The columns of what decides beside the rollout. What is in them is checked whenever it is read; here only what it is, and how much. */
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

/** Rules, variants, prerequisites, ramps; and segments, as a table beside the flags. */
export function rulesAndSegments(schema: string, number: number): string {
  const s = `"${schema}"`
  return [
    opening(schema),
    columns(s),
    raiseSchema(s),
    schemaTrigger(s),
    segments(s),
    functionsOf(s, SEGMENTS),
    triggers(s, SEGMENTS),
    closing(schema, number),
  ]
    .join('\n')
    .trim()
}
