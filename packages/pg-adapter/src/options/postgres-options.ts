import type { Sql } from 'postgres'
import { invalidOptions } from './invalid-options.ts'
import { resolveSchemaName } from './schema-name.ts'

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
   * Where to LISTEN, if `sql` or `url` leads to a pooler in transaction mode (such as PgBouncer), which loses notifications. Default: the
   * same server, over one connection that Flagstone opens.
   */
  readonly listenUrl?: string
  /**
   * A streaming replica of the same database, with the tables in the same schema. Flagstone reads only flags from it, and only if the
   * primary does not answer; these answers are marked `STALE` and are not cached. Default: none.
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

const MAX_LOCK_TIMEOUT_MS = 3_600_000

function checkFields(caller: string, options: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (options === null || typeof options !== 'object') throw invalidOptions(`${caller} takes { sql } or { url }.`)
  const unknown = Object.keys(options).filter((key) => !known.includes(key))
  if (unknown.length > 0) throw invalidOptions(`${caller} does not know the option ${unknown.join(', ')}; it knows ${known.join(', ')}.`)
  return options as Readonly<Record<string, unknown>>
}

// A transaction or a reserved connection can also query, but cannot begin a transaction, and the store would stop working when it ends.
function isClient(sql: unknown): sql is Sql {
  return (
    typeof sql === 'function' && 'unsafe' in sql && typeof sql.unsafe === 'function' && 'begin' in sql && typeof sql.begin === 'function'
  )
}

function resolveUrl(caller: string, option: string, value: unknown): string {
  if (typeof value === 'string' && /^postgres(ql)?:\/\/./.test(value)) return value
  // The value is not repeated: it may hold a password.
  throw invalidOptions(`${caller}: ${option} must be a URL that begins with postgres://.`)
}

/** `path` goes before the names of the options in errors, such as `replica.`. */
function resolveClient(caller: string, { sql, url }: Readonly<Record<string, unknown>>, path = ''): ClientSettings {
  if ((sql === undefined) === (url === undefined)) throw invalidOptions(`${caller} takes either ${path}sql or ${path}url.`)
  if (sql === undefined) return { url: resolveUrl(caller, `${path}url`, url) }
  if (!isClient(sql)) throw invalidOptions(`${caller}: ${path}sql must be what postgres() of postgres.js returned.`)
  return { sql }
}

function resolveTarget(caller: string, fields: Readonly<Record<string, unknown>>): Target {
  return { client: resolveClient(caller, fields), schema: resolveSchemaName(caller, fields['schema']) }
}

/** Throws `INVALID_OPTIONS`. */
export function resolveMigrateOptions(options: unknown): Target {
  return resolveTarget('migrate()', checkFields('migrate()', options, ['sql', 'url', 'schema']))
}

/** Throws `INVALID_OPTIONS`. */
export function resolveStoreOptions(options: unknown): StoreSettings {
  const caller = 'postgresStore()'
  const fields = checkFields(caller, options, ['sql', 'url', 'schema', 'listenUrl', 'replica', 'lockTimeoutMs'])
  const { listenUrl, replica, lockTimeoutMs = 3_000 } = fields
  if (!Number.isInteger(lockTimeoutMs) || (lockTimeoutMs as number) < 1 || (lockTimeoutMs as number) > MAX_LOCK_TIMEOUT_MS) {
    throw invalidOptions(`${caller}: lockTimeoutMs must be whole milliseconds from 1 to 3,600,000, received ${String(lockTimeoutMs)}.`)
  }
  return {
    ...resolveTarget(caller, fields),
    listenUrl: listenUrl === undefined ? undefined : resolveUrl(caller, 'listenUrl', listenUrl),
    replica:
      replica === undefined ? undefined : resolveClient(caller, checkFields(`${caller}: replica`, replica, ['sql', 'url']), 'replica.'),
    lockTimeoutMs: lockTimeoutMs as number,
  }
}
