import { FlagsError } from '@flagstone/core/adapter'
import type { Sql } from 'postgres'

/** How to reach a server. Exactly one of `sql` and `url`. */
export type ClientOptions =
  | {
      /** A postgres.js client. It is never closed by Flagstone. */
      readonly sql: Sql
      readonly url?: never
    }
  | {
      /** `postgres://user:password@host:port/database`; Flagstone opens a small pool of its own and closes it. */
      readonly url: string
      readonly sql?: never
    }

/** Which database, and where in it. */
export type DatabaseOptions = ClientOptions & {
  /** Schema of Flagstone's tables: `[a-z_][a-z0-9_]{0,47}`. Default `public`. */
  readonly schema?: string
}

export type PostgresStoreOptions = DatabaseOptions & {
  /**
   * Where to LISTEN, when `sql` or `url` leads through a pooler that gives a session to each transaction (pgbouncer), which loses
   * notifications. Default: the same server, over one connection of our own.
   */
  readonly listenUrl?: string
  /**
   * A streaming replica of the same database, with the tables in the same schema. It is asked for flags alone, and only where the primary could
   * not give them; its answers are marked `STALE` and kept in no cache. Default: none.
   */
  readonly replica?: ClientOptions
  /** How long a write waits for each lock before it fails with `WRITE_BLOCKED`; whole milliseconds, 1 to 3,600,000. Default 3,000. */
  readonly lockTimeoutMs?: number
}

export type ClientSettings = { readonly sql: Sql } | { readonly url: string }

export interface Target {
  readonly client: ClientSettings
  readonly schema: string
}

export interface StoreSettings extends Target {
  readonly listenUrl: string | undefined
  readonly replica: ClientSettings | undefined
  readonly lockTimeoutMs: number
}

const SCHEMA = /^[a-z_][a-z0-9_]{0,47}$/
const MAX_LOCK_TIMEOUT_MS = 3_600_000

function refuse(message: string): FlagsError {
  return new FlagsError('INVALID_OPTIONS', message)
}

function fieldsOf(who: string, options: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (options === null || typeof options !== 'object') throw refuse(`${who} takes { sql } or { url }.`)
  const unknown = Object.keys(options).filter((key) => !known.includes(key))
  if (unknown.length > 0) throw refuse(`${who} does not know the option ${unknown.join(', ')}; it knows ${known.join(', ')}.`)
  return options as Readonly<Record<string, unknown>>
}

// A transaction or a reserved connection can query as well, but not begin: the store would die with it.
function isClient(sql: unknown): sql is Sql {
  return (
    typeof sql === 'function' && 'unsafe' in sql && typeof sql.unsafe === 'function' && 'begin' in sql && typeof sql.begin === 'function'
  )
}

function urlOf(who: string, option: string, value: unknown): string {
  if (typeof value === 'string' && /^postgres(ql)?:\/\/./.test(value)) return value
  // The value is not repeated: it may hold a password.
  throw refuse(`${who}: ${option} must be a URL that begins with postgres://.`)
}

/** A schema's name, checked. Throws `INVALID_OPTIONS`. */
export function schemaOf(who: string, value: unknown): string {
  if (value === undefined) return 'public'
  if (typeof value === 'string' && SCHEMA.test(value)) return value
  throw refuse(`${who}: schema must match [a-z_][a-z0-9_]{0,47}, received ${JSON.stringify(value)}.`)
}

/** `at`: what stands before the names of the options. */
function clientOf(who: string, { sql, url }: Readonly<Record<string, unknown>>, at = ''): ClientSettings {
  if ((sql === undefined) === (url === undefined)) throw refuse(`${who} takes either ${at}sql or ${at}url.`)
  if (sql === undefined) return { url: urlOf(who, `${at}url`, url) }
  if (!isClient(sql)) throw refuse(`${who}: ${at}sql must be what postgres() of postgres.js returned.`)
  return { sql }
}

function targetOf(who: string, fields: Readonly<Record<string, unknown>>): Target {
  return { client: clientOf(who, fields), schema: schemaOf(who, fields['schema']) }
}

/** Throws `INVALID_OPTIONS`. */
export function migrateTarget(options: unknown): Target {
  return targetOf('migrate()', fieldsOf('migrate()', options, ['sql', 'url', 'schema']))
}

/** Throws `INVALID_OPTIONS`. */
export function storeSettings(options: unknown): StoreSettings {
  const who = 'postgresStore()'
  const fields = fieldsOf(who, options, ['sql', 'url', 'schema', 'listenUrl', 'replica', 'lockTimeoutMs'])
  const { listenUrl, replica, lockTimeoutMs = 3_000 } = fields
  if (!Number.isInteger(lockTimeoutMs) || (lockTimeoutMs as number) < 1 || (lockTimeoutMs as number) > MAX_LOCK_TIMEOUT_MS) {
    throw refuse(`${who}: lockTimeoutMs must be whole milliseconds from 1 to 3,600,000, received ${String(lockTimeoutMs)}.`)
  }
  return {
    ...targetOf(who, fields),
    listenUrl: listenUrl === undefined ? undefined : urlOf(who, 'listenUrl', listenUrl),
    replica: replica === undefined ? undefined : clientOf(who, fieldsOf(`${who}: replica`, replica, ['sql', 'url']), 'replica.'),
    lockTimeoutMs: lockTimeoutMs as number,
  }
}
