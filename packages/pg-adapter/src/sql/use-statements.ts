/** The SQL that records and reads the uses of flags. */
export interface UseStatements {
  /** The table's name, quoted and qualified. */
  readonly table: string
  /** $1 uses as a JSON list */
  readonly note: string
  /** → the earliest use of all, flag, enabled as `true` or `false`, variant or `''`, the latest use */
  readonly last: string
  /** Deletes the uses of deleted flags; for a WITH clause. */
  readonly prune: string
}

/** ISO 8601 in UTC. */
const iso = (moment: string): string => `to_char(${moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

export function useStatements(schema: string): UseStatements {
  const table = `"${schema}".feature_flag_uses`
  const flags = `"${schema}".feature_flags`
  return {
    table,

    // Sorted, so that two processes that record the same uses cannot deadlock. Updated at most once an hour, because most processes of a
    // fleet report the same uses.
    note: `
      INSERT INTO ${table} AS u (flag, enabled, variant, first_at, last_at)
      SELECT n.flag, n.enabled, coalesce(n.variant, ''), min(n.at), max(n.at)
      FROM (
        SELECT flag, enabled, variant, least(at, clock_timestamp()) AS at
        FROM jsonb_to_recordset($1::text::jsonb) AS r(flag text, enabled boolean, variant text, at timestamptz)
      ) n
      WHERE EXISTS (SELECT FROM ${flags} f WHERE f.name = n.flag)
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      ON CONFLICT (flag, enabled, variant) DO UPDATE SET last_at = excluded.last_at
      WHERE excluded.last_at >= u.last_at + interval '1 hour'`,

    last: `SELECT ${iso('min(first_at) OVER ()')}, flag, enabled::text, variant, ${iso('last_at')} FROM ${table}`,

    prune: `DELETE FROM ${table} u WHERE NOT EXISTS (SELECT FROM ${flags} f WHERE f.name = u.flag)`,
  }
}
