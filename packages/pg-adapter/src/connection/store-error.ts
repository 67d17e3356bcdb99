import { FlagsError, type FlagsErrorCode, toFlagsError } from '@flagstone/core/adapter'

/** The SQLSTATE that Flagstone's own SQL raises if the clock's row is missing. */
export const NO_CLOCK = 'FS001'

/** Keys are an SQLSTATE, or its class (the first two characters) for every code of the class that is not listed. */
const CODES: Readonly<Record<string, FlagsErrorCode>> = {
  '08': 'STORE_UNAVAILABLE',
  '22': 'INVALID_FLAG',
  '23': 'INVALID_FLAG',
  // A standby, or a server that is read-only.
  '25006': 'STORE_UNAVAILABLE',
  '28': 'STORE_UNAVAILABLE',
  '3D': 'STORE_UNAVAILABLE',
  '3F000': 'SCHEMA_MISSING',
  '42703': 'SCHEMA_MISSING',
  '42883': 'SCHEMA_MISSING',
  '42P01': 'SCHEMA_MISSING',
  '53': 'STORE_UNAVAILABLE',
  '55P03': 'WRITE_BLOCKED',
  '57': 'STORE_UNAVAILABLE',
  '57014': 'STORE_TIMEOUT',
  [NO_CLOCK]: 'SCHEMA_MISSING',
}

function field(error: unknown, name: string): string {
  const value = error instanceof Error ? (error as unknown as Readonly<Record<string, unknown>>)[name] : undefined
  return typeof value === 'string' ? value : ''
}

/** The SQLSTATE, if the error came from the server. */
export function sqlStateOf(error: unknown): string | undefined {
  // `instanceof` would fail: the caller may have another copy of postgres.js.
  return field(error, 'name') === 'PostgresError' ? field(error, 'code') : undefined
}

/** Whether the error says that the connection is lost or could not be made. */
export function isConnectionLoss(error: unknown): boolean {
  if (sqlStateOf(error) !== undefined) return ['FATAL', 'PANIC'].includes(field(error, 'severity'))
  // Errors of postgres.js, sockets, TLS and DNS have no common class, but each has a code.
  return !(error instanceof FlagsError) && field(error, 'code') !== ''
}

function codeOf(error: unknown): FlagsErrorCode {
  const state = sqlStateOf(error)
  if (state !== undefined) return CODES[state] ?? CODES[state.slice(0, 2)] ?? 'GENERAL'
  return isConnectionLoss(error) ? 'STORE_UNAVAILABLE' : 'GENERAL'
}

function remedyOf(code: FlagsErrorCode, error: unknown): string {
  if (code === 'SCHEMA_MISSING' && sqlStateOf(error) !== NO_CLOCK)
    return ". Flagstone's tables are missing here: run migrate(), or check the option schema."
  const broken = field(error, 'constraint_name') || field(error, 'column_name')
  return broken && ` (${broken})`
}

/** Turns any error into a `FlagsError`. `what` begins the message and says what failed, such as `Flags could not be loaded`. */
export function storeError(cause: unknown, what: string, flag?: string): FlagsError {
  if (cause instanceof FlagsError) return cause
  const code = codeOf(cause)
  const { message } = toFlagsError(cause, code, what)
  return new FlagsError(code, message + remedyOf(code, cause), { cause, ...(flag === undefined ? {} : { flag }) })
}
