import { FlagsError, type FlagsErrorCode, toFlagsError } from '@flagstone/core/adapter'

/** Raised by our own SQL where the clock's row is missing. */
export const NO_CLOCK = 'FS001'

/** By SQLSTATE, and by its class (the first two characters) where the whole is not listed. */
const CODES: Readonly<Record<string, FlagsErrorCode>> = {
  '08': 'STORE_UNAVAILABLE',
  '22': 'INVALID_FLAG',
  '23': 'INVALID_FLAG',
  // A standby, or a server that was switched to read-only.
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

/** The SQLSTATE that the server gave, if this error came from the server. */
export function sqlStateOf(error: unknown): string | undefined {
  // By name, not by class: the caller's postgres.js may be another copy than ours.
  return field(error, 'name') === 'PostgresError' ? field(error, 'code') : undefined
}

/** Whether the connection that this error came over is gone, or never was. */
export function isConnectionLoss(error: unknown): boolean {
  if (sqlStateOf(error) !== undefined) return ['FATAL', 'PANIC'].includes(field(error, 'severity'))
  // Of postgres.js, of the socket, of TLS, of the resolver: they share no list, but all have a code.
  return !(error instanceof FlagsError) && field(error, 'code') !== ''
}

function codeOf(error: unknown): FlagsErrorCode {
  const state = sqlStateOf(error)
  if (state !== undefined) return CODES[state] ?? CODES[state.slice(0, 2)] ?? 'GENERAL'
  return isConnectionLoss(error) ? 'STORE_UNAVAILABLE' : 'GENERAL'
}

function wayOut(code: FlagsErrorCode, error: unknown): string {
  if (code === 'SCHEMA_MISSING' && sqlStateOf(error) !== NO_CLOCK)
    return ". Flagstone's tables are missing here: run migrate(), or check the option schema."
  const broken = field(error, 'constraint_name') || field(error, 'column_name')
  return broken && ` (${broken})`
}

/** Whatever went wrong while Flagstone did `what` (a beginning of a sentence), as a `FlagsError`. */
export function storeError(cause: unknown, what: string, flag?: string): FlagsError {
  if (cause instanceof FlagsError) return cause
  const code = codeOf(cause)
  const { message } = toFlagsError(cause, code, what)
  return new FlagsError(code, message + wayOut(code, cause), { cause, ...(flag === undefined ? {} : { flag }) })
}
