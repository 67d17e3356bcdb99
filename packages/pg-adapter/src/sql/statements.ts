import { type UseStatements, useStatements } from './use-statements.ts'
import { type WriteStatements, writeStatements } from './write-statements.ts'

/**
 * The SQL of a store, for one schema. Each statement reads one snapshot, and every column as text. A key is a flag's name or
 * `segment:<name>`. Server: `standby`, `rows hidden` where row-level security keeps rows from this role, or null.
 */
export interface Statements {
  /** → lineage, clock, id of the change at the clock, migration, server */
  readonly head: string
  /** → migration; also on tables of an older build */
  readonly migration: string
  /** $1 keys as a JSON list → lineage, clock, server, key, row; one row without a key if the list is empty */
  readonly load: string
  /**
   * $1 flags after which name, $2 segments after which name, $3 limit or null → lineage, clock, id of the change at the clock, server,
   * key, row, flags first; one row without a key if there are no records */
  readonly loadAll: string
  /** $1 version, $2 id, $3 limit or null → clock, its id, `rewound`, `pruned` or null, lineage, server, key, version, row, last version of a full page, its id */
  readonly changesSince: string
  /**
   * $1 version or null, $2 id or null, $3 limit, $4 whether with records → clock, its id, `rewound`, `pruned` or null, the version before
   * the page, its id, a change
   */
  readonly changes: string
  /** $1 key, $2 upper bound of the version, $3 limit → changes, newest first */
  readonly history: string
  /** $1 age in seconds → how many changes were deleted */
  readonly prune: string
  /** $1 actor, $2 reason */
  readonly meta: string
  /** $1 key → its newest change */
  readonly newest: string
  /** $1 prerequisites → every prerequisite reached from them: the flag that requires, the flag that is required */
  readonly required: string
  readonly flags: WriteStatements
  readonly segments: WriteStatements
  readonly uses: UseStatements
}

/** The columns that a caller can write. Columns of newer builds stay unchanged. */
const FLAG_CONTENT = [
  'schema',
  'description',
  'owner',
  'tags',
  'expires_at',
  'enabled',
  'requires',
  'rules',
  'rollout',
  'variants',
  'ramp',
  'bucket_by',
  'salt',
  'hash_version',
]
const SEGMENT_CONTENT = ['schema', 'description', 'members', 'conditions']

export function statements(schema: string): Statements {
  const flags = `"${schema}".feature_flags`
  const segments = `"${schema}".feature_flag_segments`
  const clock = `"${schema}".feature_flag_clock`
  const changes = `"${schema}".feature_flag_changes`
  const uses = useStatements(schema)
  const hidesRows = [flags, segments, clock, changes].map((table) => `row_security_active('${table}'::regclass)`).join(' OR ')
  // The limit is for the planner: without statistics it assumes a thousand rows, and JIT-compiles the seemingly expensive query.
  const now = `(
        SELECT *, "${schema}".feature_flag_lineage(store_id) AS lineage, CASE WHEN ${hidesRows} THEN 'rows hidden'
          WHEN pg_is_in_recovery() THEN 'standby' END AS server FROM ${clock} LIMIT 1)`
  // Subqueries instead of joins: a join may read every row of a table, with all members, to find one.
  const rowOf = (key: string): string => `
      CASE WHEN starts_with(${key}, 'segment:')
        THEN (SELECT row_to_json(g) FROM ${segments} g WHERE g.name = substr(${key}, 9))
        ELSE (SELECT row_to_json(f) FROM ${flags} f WHERE f.name = ${key}) END`
  const prerequisitesOf = (name: string): string => `
        jsonb_array_elements((SELECT f.requires FROM ${flags} f WHERE f.name = ${name} AND jsonb_typeof(f.requires) = 'array'))`
  // The clock, and the reason if the log does not contain everything after version $1 with id $2. An entry that was deleted by hand also
  // counts as missing. Without $1 and $2 there is nothing to check.
  const place = `
      SELECT c.version, coalesce(h.id, '') AS id, CASE
        WHEN c.version < $1::text::bigint OR seen.id <> $2::text THEN 'rewound'
        WHEN $1::text::bigint < c.pruned_to THEN 'pruned'
        WHEN seen.id IS NULL AND $1::text::bigint > c.pruned_to AND $2::text <> '' THEN 'rewound'
        WHEN h.id IS NULL AND c.version > $1::text::bigint THEN 'pruned'
      END AS lost, coalesce($1::text::bigint, c.pruned_to) AS place, seen.id AS place_id, c.lineage, c.server
      FROM ${now} c
      LEFT JOIN ${changes} h ON h.version = c.version
      LEFT JOIN ${changes} seen ON seen.version = $1::text::bigint`
  return {
    head: `
      SELECT c.lineage, c.version, coalesce(h.id, ''), c.migration, c.server
      FROM ${now} c LEFT JOIN ${changes} h ON h.version = c.version`,

    migration: `SELECT migration FROM ${clock}`,

    load: `
      SELECT c.lineage, c.version, c.server, n.key, ${rowOf('n.key')}
      FROM ${now} c LEFT JOIN jsonb_array_elements_text($1::text::jsonb) n(key) ON true`,

    loadAll: `
      WITH f AS MATERIALIZED (
        SELECT name AS key, row_to_json(t) AS row FROM ${flags} t WHERE name > $1::text ORDER BY name LIMIT $3::text::bigint
      )
      SELECT c.lineage, c.version, coalesce(h.id, ''), c.server, r.key, r.row
      FROM ${now} c LEFT JOIN ${changes} h ON h.version = c.version
      LEFT JOIN (
        SELECT 1 AS part, f.key, f.row FROM f
        UNION ALL (
          SELECT 2, 'segment:' || g.name, row_to_json(g) FROM ${segments} g WHERE g.name > $2::text
          ORDER BY g.name LIMIT (SELECT $3::text::bigint - count(*) FROM f))
      ) r ON true
      ORDER BY r.part, r.key COLLATE "C"`,

    // p is the last change of a full page.
    changesSince: `
      SELECT k.version, k.id, k.lost, k.lineage, k.server, n.flag, n.version, ${rowOf('n.flag')}, p.version, p.id
      FROM (${place}) k
      LEFT JOIN LATERAL (
        SELECT version, id FROM ${changes}
        WHERE k.lost IS NULL AND $3::text IS NOT NULL AND version > $1::text::bigint
        ORDER BY version OFFSET $3::text::bigint - 1 LIMIT 1
      ) p ON true
      LEFT JOIN LATERAL (
        SELECT flag, max(version) AS version FROM ${changes}
        WHERE k.lost IS NULL AND version > $1::text::bigint AND version <= coalesce(p.version, k.version) GROUP BY flag
      ) n ON true
      ORDER BY n.version`,

    changes: `
      SELECT k.version, k.id, k.lost, k.place, k.place_id, l.entry
      FROM (${place}) k
      LEFT JOIN LATERAL (
        SELECT version, row_to_json(e) AS entry FROM (
          SELECT version, id, flag, operation, actor, reason, at,
            CASE WHEN $4::text::boolean THEN before END AS before, CASE WHEN $4::text::boolean THEN after END AS after
          FROM ${changes}
        ) e
        WHERE k.lost IS NULL AND version > k.place ORDER BY version LIMIT $3::text::integer
      ) l ON true
      ORDER BY l.version`,

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
      ), unused AS (${uses.prune})
      SELECT count(*) FROM gone`,

    meta: `SELECT set_config('flagstone.actor', $1::text, true), set_config('flagstone.reason', $2::text, true)`,

    newest: `SELECT row_to_json(c) FROM ${changes} c WHERE flag = $1::text ORDER BY version DESC LIMIT 1`,

    required: `
      WITH RECURSIVE reached(name) AS (
        SELECT r->>'flag' FROM jsonb_array_elements($1::text::jsonb) r
        UNION
        SELECT r->>'flag' FROM reached q, ${prerequisitesOf('q.name')} r
      )
      SELECT q.name, r->>'flag' FROM reached q, ${prerequisitesOf('q.name')} r`,

    flags: writeStatements(schema, 'feature_flags', '', FLAG_CONTENT),
    segments: writeStatements(schema, 'feature_flag_segments', 'segment:', SEGMENT_CONTENT),
    uses,
  }
}
