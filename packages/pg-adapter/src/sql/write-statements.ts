/** The SQL that writes one table. A `name` is the name of a row, not a key. */
export interface WriteStatements {
  /** The name of the row with this key. */
  rowNameOf(key: string): string
  /** Takes the locks of a write: first the table, then the clock, as every writer does. Contains several statements. */
  readonly lock: string
  /** $1 name → version, row */
  readonly current: string
  /** $1 row → version, or no row if the name is taken */
  readonly insert: string
  /** $1 name, $2 row → version */
  readonly update: string
  /** $1 name */
  readonly delete: string
  /** $1 name → pid, application, transaction age in ms of each session that blocks a write, the oldest first */
  readonly blockers: string
}

/** `prefix`: goes before the name in keys. `content`: the columns that a caller can write. */
export function writeStatements(
  schema: string,
  name: 'feature_flags' | 'feature_flag_segments',
  prefix: '' | 'segment:',
  content: readonly string[],
): WriteStatements {
  const table = `"${schema}".${name}`
  const clock = `"${schema}".feature_flag_clock`
  const columns = content.join(', ')
  const given = content.map((column) => `r.${column}`).join(', ')
  return {
    rowNameOf: (key) => key.slice(prefix.length),

    // Only this table is locked: a writer that waits for the other table while holding this one could deadlock with a session that needs
    // both.
    lock: `LOCK TABLE ${table} IN ROW EXCLUSIVE MODE; SELECT "${schema}".feature_flag_lock()`,

    current: `
      SELECT least(t.version, (SELECT version FROM ${clock})), row_to_json(t) FROM ${table} t WHERE name = $1::text FOR UPDATE`,

    insert: `
      INSERT INTO ${table} (name, ${columns})
      SELECT r.name, ${given} FROM jsonb_populate_record(NULL::${table}, $1::text::jsonb) r
      ON CONFLICT (name) DO NOTHING RETURNING version`,

    update: `
      UPDATE ${table} t SET (${columns}) = ROW(${given})
      FROM jsonb_populate_record(NULL::${table}, $2::text::jsonb) r WHERE t.name = $1::text RETURNING t.version`,

    delete: `DELETE FROM ${table} WHERE name = $1::text`,

    // The xmax of the clock's row and of the record's row identifies the transaction that wrote or locked it. A row locked by several (a
    // multixact) and a table lock have no such xmax, so sessions with a conflicting lock on the table are included.
    blockers: `
      SELECT a.pid, a.application_name, coalesce(floor(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000), 0)
      FROM pg_stat_activity a
      WHERE a.pid <> pg_backend_pid() AND (
        a.backend_xid IN (SELECT xmax FROM ${clock} UNION ALL SELECT xmax FROM ${table} WHERE name = $1::text)
        OR a.pid IN (
          SELECT l.pid FROM pg_locks l
          WHERE l.granted AND l.locktype = 'relation' AND l.relation = '${table}'::regclass
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')))
      ORDER BY a.xact_start`,
  }
}
