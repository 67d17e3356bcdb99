/** The table of segments. Its rows share versions and log with the flags. */
export function segmentsTable(s: string): string {
  return `
-- A list of at most 10,000 members, each of 1 to 256 characters.
CREATE OR REPLACE FUNCTION ${s}.feature_flag_members_fit(value text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_ndims(value), 1) = 1 AND cardinality(value) <= 10000
    AND coalesce(bool_and(member IS NOT NULL AND ${s}.feature_flag_length(member) BETWEEN 1 AND 256), true)
  FROM unnest(value) member
$$;
GRANT EXECUTE ON FUNCTION ${s}.feature_flag_members_fit(text[]) TO PUBLIC;

CREATE TABLE IF NOT EXISTS ${s}.feature_flag_segments (
  name text COLLATE "C" CONSTRAINT feature_flag_segments_pkey PRIMARY KEY,
  schema integer NOT NULL DEFAULT 2,
  description text,
  members text[],
  conditions jsonb,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT feature_flag_segments_name_is_legal CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$'),
  CONSTRAINT feature_flag_segments_schema_from_2 CHECK (schema >= 2),
  CONSTRAINT feature_flag_segments_description_at_most_2000 CHECK (${s}.feature_flag_length(description) <= 2000),
  CONSTRAINT feature_flag_segments_members_fit CHECK (${s}.feature_flag_members_fit(members)),
  CONSTRAINT feature_flag_segments_conditions_fit CHECK (${s}.feature_flag_list_fits(conditions, 100))
);`
}
