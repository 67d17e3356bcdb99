/** The functions that the CHECK constraints of `feature_flags` call. */
export function checkFunctions(s: string): string {
  return `
-- Length as JavaScript counts it: a character beyond U+FFFF is two.
CREATE OR REPLACE FUNCTION ${s}.feature_flag_length(value text) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN octet_length(value) = length(value) THEN length(value)
    ELSE length(value) + length(regexp_replace(value, '[^\\U00010000-\\U0010FFFF]', '', 'g')) END
$$;

-- A list of at most 50 tags, each of 1 to 100 characters.
CREATE OR REPLACE FUNCTION ${s}.feature_flag_tags_fit(value text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_ndims(value), 1) = 1 AND cardinality(value) <= 50
    AND coalesce(bool_and(tag IS NOT NULL AND ${s}.feature_flag_length(tag) BETWEEN 1 AND 100), true)
  FROM unnest(value) tag
$$;

-- Whoever may edit the table needs them.
GRANT EXECUTE ON FUNCTION ${s}.feature_flag_length(text), ${s}.feature_flag_tags_fit(text[]) TO PUBLIC;`
}
