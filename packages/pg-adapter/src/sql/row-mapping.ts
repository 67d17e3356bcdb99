import {
  type Change,
  type FlagContent,
  type FlagsError,
  type LoadedRecord,
  type Operation,
  parseStored,
  type SegmentContent,
  type StoredRecord,
} from '@flagstone/core/adapter'

type Json = Readonly<Record<string, unknown>>

/** Field of a record → column, if the names differ. */
const COLUMNS: Readonly<Record<string, string>> = {
  expiresAt: 'expires_at',
  hashVersion: 'hash_version',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  bucketBy: 'bucket_by',
  // Not `when`, which has to be quoted in SQL.
  when: 'conditions',
}
const FIELDS: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(COLUMNS).map(([field, column]) => [column, field]))

const TIMES: ReadonlySet<string> = new Set(['expiresAt', 'createdAt', 'updatedAt'])

// PostgreSQL writes an offset as +01:00, but for old local times as +00:53:28, which Date cannot parse.
const TIME = /^(\d{4}-\d{2}-\d{2}T[\d:.]+)([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/

/** `2026-12-31T01:00:00.123456+01:00` → `2026-12-31T00:00:00.123Z`. Other values (`infinity`) stay as they are. */
function isoTime(text: unknown): unknown {
  const match = typeof text === 'string' ? TIME.exec(text) : null
  if (match === null) return text
  const [, local, sign, hours, minutes, seconds] = match
  const offsetMs = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000
  return new Date(Date.parse(`${local}Z`) + (sign === '+' ? -offsetMs : offsetMs)).toISOString()
}

function recordFromFields(key: string, row: Json): StoredRecord | FlagsError {
  const fields = Object.entries(row)
    .filter(([, value]) => value !== null)
    .map(([column, value]) => {
      const field = FIELDS[column] ?? column
      return [field, TIMES.has(field) ? isoTime(value) : value] as const
    })
  return parseStored(key, Object.fromEntries(fields))
}

/**
 * The record of a row in JSON; `null` if there is no row. The key says which table the row belongs to. A version above the store's clock was
 * never committed here (rows that were copied with triggers switched off keep those of another history): the record counts as one of `clock`.
 */
export function recordFromRow(key: string, json: string | null | undefined, clock: number = Number.MAX_SAFE_INTEGER): LoadedRecord {
  if (!json) return null
  const row = JSON.parse(json) as Json
  return recordFromFields(key, Number(row['version']) > clock ? { ...row, version: clock } : row)
}

interface ChangeRow {
  readonly version: number
  readonly id: string
  readonly flag: string
  readonly operation: Operation
  readonly actor: string | null
  readonly reason: string | null
  readonly before: Json | null
  readonly after: Json | null
  readonly at: string
}

/** The change of a row of `feature_flag_changes` in JSON. */
export function changeFromRow(json: string): Change {
  const { version, id, flag, operation, actor, reason, before, after, at } = JSON.parse(json) as ChangeRow
  return {
    version,
    id,
    flag,
    operation,
    ...(actor === null ? {} : { actor }),
    ...(reason === null ? {} : { reason }),
    before: before === null ? null : recordFromFields(flag, before),
    after: after === null ? null : recordFromFields(flag, after),
    at: String(isoTime(at)),
  }
}

/** The content that a caller wrote, as a row in JSON, for `jsonb_populate_record`. */
export function rowFromContent(content: FlagContent | SegmentContent): string {
  return JSON.stringify(Object.fromEntries(Object.entries(content).map(([field, value]) => [COLUMNS[field] ?? field, value])))
}
