/** The statements of a store, for one schema. Each reads one snapshot; every column is read as text. */
export interface Statements {
  /** → store id, clock, id of the change at the clock, migration */
  readonly head: string
  /** $1 names as a JSON list → store id, clock, name, row; one row without a name where the list is empty */
  readonly load: string
  /** → store id, clock, id of the change at the clock, name, row; one row without a name where there is no flag */
  readonly loadAll: string
  /** $1 version, $2 id → clock, its id, `rewound`, `pruned` or nothing, name, version, row */
  readonly changesSince: string
  /** $1 flag, $2 below which version, $3 how many → changes, newest first */
  readonly history: string
  /** $1 seconds → how many */
  readonly prune: string
  /** Takes the locks of a write in the order that every writer keeps. Several statements. */
  readonly lock: string
  /** $1 actor, $2 reason */
  readonly meta: string
  /** $1 name → version, row */
  readonly current: string
  /** $1 row → version, or nothing where the flag exists */
  readonly insert: string
  /** $1 name, $2 row → version */
  readonly update: string
  /** $1 name */
  readonly delete: string
  /** $1 flag → its newest change */
  readonly newest: string
  /** $1 flag → pid, application, milliseconds of each session that holds what a write needs, the surest first */
  readonly blockers: string
}

/** What a caller can write; a newer build's further columns are left alone. */
const CONTENT = ['schema', 'description', 'owner', 'tags', 'expires_at', 'enabled', 'rollout', 'salt', 'hash_version']

export function statements(schema: string): Statements {
  const flags = `"${schema}".feature_flags`
  const clock = `"${schema}".feature_flag_clock`
  const changes = `"${schema}".feature_flag_changes`
  const content = CONTENT.join(', ')
  const given = CONTENT.map((column) => `r.${column}`).join(', ')
  return {
    head: `
      SELECT c.store_id, c.version, coalesce(h.id, ''), c.migration
      FROM ${clock} c LEFT JOIN ${changes} h ON h.version = c.version`,

    load: `
      SELECT c.store_id, c.version, n.name, row_to_json(f)
      FROM ${clock} c
      LEFT JOIN jsonb_array_elements_text($1::text::jsonb) n(name) ON true
      LEFT JOIN ${flags} f ON f.name = n.name`,

    loadAll: `
      SELECT c.store_id, c.version, coalesce(h.id, ''), f.name, row_to_json(f)
      FROM ${clock} c LEFT JOIN ${changes} h ON h.version = c.version LEFT JOIN ${flags} f ON true`,

    // An entry that is gone without prune() (deleted by hand) also means that the log cannot tell.
    changesSince: `
      SELECT k.version, k.id, k.lost, n.flag, n.version, row_to_json(f)
      FROM (
        SELECT c.version, coalesce(h.id, '') AS id, CASE
          WHEN c.version < $1::text::bigint OR seen.id <> $2::text THEN 'rewound'
          WHEN $1::text::bigint < c.pruned_to THEN 'pruned'
          WHEN seen.id IS NULL AND $1::text::bigint > c.pruned_to AND $2::text <> '' THEN 'rewound'
          WHEN h.id IS NULL AND c.version > $1::text::bigint THEN 'pruned'
        END AS lost
        FROM ${clock} c
        LEFT JOIN ${changes} h ON h.version = c.version
        LEFT JOIN ${changes} seen ON seen.version = $1::text::bigint
      ) k
      LEFT JOIN LATERAL (
        SELECT flag, max(version) AS version FROM ${changes} WHERE k.lost IS NULL AND version > $1::text::bigint GROUP BY flag
      ) n ON true
      LEFT JOIN ${flags} f ON f.name = n.flag
      ORDER BY n.version`,

    history: `
      SELECT row_to_json(c) FROM ${changes} c
      WHERE flag = $1::text AND version < $2::text::bigint ORDER BY version DESC LIMIT $3::text::integer`,

    prune: `
      WITH gone AS (
        DELETE FROM ${changes} l USING ${clock} c
        WHERE l.version < c.version AND l.at < clock_timestamp() - make_interval(secs => $1::text::float8)
        RETURNING l.version
      ), mark AS (
        UPDATE ${clock} SET pruned_to = greatest(pruned_to, (SELECT max(version) FROM gone)) WHERE EXISTS (SELECT FROM gone)
      )
      SELECT count(*) FROM gone`,

    lock: `LOCK TABLE ${flags} IN ROW EXCLUSIVE MODE; SELECT "${schema}".feature_flag_lock()`,

    meta: `SELECT set_config('flagstone.actor', $1::text, true), set_config('flagstone.reason', $2::text, true)`,

    current: `SELECT f.version, row_to_json(f) FROM ${flags} f WHERE name = $1::text FOR UPDATE`,

    insert: `
      INSERT INTO ${flags} (name, ${content})
      SELECT r.name, ${given} FROM jsonb_populate_record(NULL::${flags}, $1::text::jsonb) r
      ON CONFLICT (name) DO NOTHING RETURNING version`,

    update: `
      UPDATE ${flags} f SET (${content}) = ROW(${given})
      FROM jsonb_populate_record(NULL::${flags}, $2::text::jsonb) r WHERE f.name = $1::text RETURNING f.version`,

    delete: `DELETE FROM ${flags} WHERE name = $1::text`,

    newest: `SELECT row_to_json(c) FROM ${changes} c WHERE flag = $1::text ORDER BY version DESC LIMIT 1`,

    // Whoever wrote or locked the clock's row or the flag's row is named by that row's xmax. A row that several share (a multixact) names
    // nobody, and a table lock leaves no xmax: then whoever holds a lock on the tables that a write conflicts with.
    blockers: `
      SELECT a.pid, a.application_name, coalesce(floor(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000), 0)
      FROM pg_stat_activity a
      WHERE a.pid <> pg_backend_pid() AND (
        a.backend_xid IN (SELECT xmax FROM ${clock} UNION ALL SELECT xmax FROM ${flags} WHERE name = $1::text)
        OR a.pid IN (
          SELECT l.pid FROM pg_locks l
          WHERE l.granted AND l.locktype = 'relation' AND l.relation = '${flags}'::regclass
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')))
      ORDER BY a.xact_start`,
  }
}
