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

/** Field of a record → column, where they differ. */
const COLUMNS: Readonly<Record<string, string>> = {
  expiresAt: 'expires_at',
  hashVersion: 'hash_version',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  bucketBy: 'bucket_by',
  // Not `when`, which whoever writes SQL would have to quote.
  when: 'conditions',
}
const FIELDS: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(COLUMNS).map(([field, column]) => [column, field]))

const TIMES: ReadonlySet<string> = new Set(['expiresAt', 'createdAt', 'updatedAt'])

// PostgreSQL writes an offset as +01:00, but for the local times of long ago as +00:53:28, which Date cannot read.
const TIME = /^(\d{4}-\d{2}-\d{2}T[\d:.]+)([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/

/** `2026-12-31T01:00:00.123456+01:00` → `2026-12-31T00:00:00.123Z`. What is no such time (`infinity`) stays as it is. */
function isoTime(text: unknown): unknown {
  const match = typeof text === 'string' ? TIME.exec(text) : null
  if (match === null) return text
  const [, local, sign, hours, minutes, seconds] = match
  const offsetMs = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000
  return new Date(Date.parse(`${local}Z`) + (sign === '+' ? -offsetMs : offsetMs)).toISOString()
}

function recordOf(key: string, row: Json): StoredRecord | FlagsError {
  const fields = Object.entries(row)
    .filter(([, value]) => value !== null)
    .map(([column, value]) => {
      const field = FIELDS[column] ?? column
      return [field, TIMES.has(field) ? isoTime(value) : value] as const
    })
  return parseStored(key, Object.fromEntries(fields))
}

/** A row of the table that the key belongs to, as JSON; `null` where there is none. */
export function loadedRecord(key: string, json: string | null | undefined): LoadedRecord {
  return json ? recordOf(key, JSON.parse(json) as Json) : null
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

/** A row of `feature_flag_changes` as JSON. */
export function changeOf(json: string): Change {
  const { version, id, flag, operation, actor, reason, before, after, at } = JSON.parse(json) as ChangeRow
  return {
    version,
    id,
    flag,
    operation,
    ...(actor === null ? {} : { actor }),
    ...(reason === null ? {} : { reason }),
    before: before === null ? null : recordOf(flag, before),
    after: after === null ? null : recordOf(flag, after),
    at: String(isoTime(at)),
  }
}

/** What a caller wrote, as a row of its table in JSON: for `jsonb_populate_record`. */
export function rowOf(content: FlagContent | SegmentContent): string {
  return JSON.stringify(Object.fromEntries(Object.entries(content).map(([field, value]) => [COLUMNS[field] ?? field, value])))
}
