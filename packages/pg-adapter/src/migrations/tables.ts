/** The tables for flags, changes and clock, and the sequence. Every constraint has a name, so that an error says what is wrong. */
export function tables(s: string): string {
  return `
-- One sequence for all flags. It belongs to no column: TRUNCATE … RESTART IDENTITY would set it back.
CREATE SEQUENCE IF NOT EXISTS ${s}.feature_flag_versions AS bigint MAXVALUE 9007199254740991 NO CYCLE CACHE 1;

CREATE TABLE IF NOT EXISTS ${s}.feature_flags (
  name text COLLATE "C" CONSTRAINT feature_flags_pkey PRIMARY KEY,
  schema integer NOT NULL DEFAULT 1,
  enabled boolean NOT NULL DEFAULT true,
  rollout numeric NOT NULL DEFAULT 0,
  description text,
  owner text,
  tags text[],
  expires_at timestamptz,
  salt text,
  hash_version smallint NOT NULL DEFAULT 1,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT feature_flags_name_is_legal CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$'),
  CONSTRAINT feature_flags_schema_from_1 CHECK (schema >= 1),
  CONSTRAINT feature_flags_rollout_0_to_100 CHECK (rollout BETWEEN 0 AND 100),
  CONSTRAINT feature_flags_rollout_three_decimals CHECK (rollout = round(rollout, 3)),
  CONSTRAINT feature_flags_description_at_most_2000 CHECK (${s}.feature_flag_length(description) <= 2000),
  CONSTRAINT feature_flags_owner_1_to_200 CHECK (${s}.feature_flag_length(owner) BETWEEN 1 AND 200),
  CONSTRAINT feature_flags_tags_fit CHECK (${s}.feature_flag_tags_fit(tags)),
  CONSTRAINT feature_flags_expires_at_is_a_date CHECK (expires_at >= '0001-01-01 00:00Z' AND expires_at < '10000-01-01 00:00Z'),
  CONSTRAINT feature_flags_salt_1_to_200 CHECK (${s}.feature_flag_length(salt) BETWEEN 1 AND 200),
  CONSTRAINT feature_flags_salt_without_colon CHECK (strpos(salt, ':') = 0),
  CONSTRAINT feature_flags_hash_version_is_1 CHECK (hash_version = 1)
);

-- What happened, in commit order: outbox and audit log in one.
CREATE TABLE IF NOT EXISTS ${s}.feature_flag_changes (
  version bigint CONSTRAINT feature_flag_changes_pkey PRIMARY KEY,
  id text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
  flag text COLLATE "C" NOT NULL,
  operation text NOT NULL CONSTRAINT feature_flag_changes_operation CHECK (operation IN ('create', 'update', 'delete')),
  actor text,
  reason text,
  before jsonb,
  after jsonb,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS feature_flag_changes_of_flag ON ${s}.feature_flag_changes (flag, version);

-- One row: the highest committed version. Whoever writes a flag holds its lock until the commit.
CREATE TABLE IF NOT EXISTS ${s}.feature_flag_clock (
  one boolean CONSTRAINT feature_flag_clock_pkey PRIMARY KEY DEFAULT true CONSTRAINT feature_flag_clock_has_one_row CHECK (one),
  version bigint NOT NULL,
  store_id text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
  pruned_to bigint NOT NULL DEFAULT 0,
  migration integer NOT NULL DEFAULT 0
);
INSERT INTO ${s}.feature_flag_clock (version)
SELECT coalesce(max(version), 0) FROM ${s}.feature_flag_changes ON CONFLICT DO NOTHING;`
}
