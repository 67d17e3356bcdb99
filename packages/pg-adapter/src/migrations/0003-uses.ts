import { beginMigration, recordMigration } from './bookkeeping.ts'

/** The table of uses: when each outcome of a flag was first and last used. */
export function uses(schema: string, number: number): string {
  return `${beginMigration(schema)}
-- When each outcome of a flag was first and last used. It is neither versioned nor logged nor told: a use is no change. No foreign key: a
-- use must keep no writer of flags waiting, and TRUNCATE would be refused. Logged, so that a crash does not make every flag look unused.
CREATE TABLE IF NOT EXISTS "${schema}".feature_flag_uses (
  flag text COLLATE "C",
  enabled boolean,
  variant text COLLATE "C" DEFAULT '',
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  CONSTRAINT feature_flag_uses_pkey PRIMARY KEY (flag, enabled, variant)
);
${recordMigration(schema, number)}`.trim()
}
