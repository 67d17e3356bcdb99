import { type Call, toFlagsError } from '@flagstone/core/adapter'
import type { Sql, TransactionSql } from 'postgres'

/** A row as PostgreSQL sent it: the text of each column, or `null`. */
export type Row = readonly (string | null)[]

/** Every parameter is text and is cast in the statement, because a caller's client may serialize other types in its own way. */
export type Parameters = readonly (string | null)[]

/** Runs a statement on the server of a store. */
export type RunQuery = (text: string, parameters: Parameters, call?: Call) => Promise<readonly Row[]>

interface Cancellable {
  readonly active?: boolean
  canceller?: ((query: unknown) => Promise<void>) | null
}

/** Asks the server to stop a running query, and ignores whether that works. `query.cancel()` would leave an unhandled rejection. */
function cancel(query: unknown): void {
  const { active, canceller } = query as Cancellable
  if (active && canceller) canceller(query).catch(() => {})
}

/** Runs one statement and returns its rows as text, bypassing the client's type parsers and transforms. */
export async function runQuery(sql: Sql | TransactionSql, text: string, parameters: Parameters = []): Promise<readonly Row[]> {
  return decode(await sql.unsafe(text, [...parameters], { prepare: true }).raw())
}

// `Object.values`, because a client may have a row transform that turns each row into an object. postgres.js 3.4 keeps the rows of a query that was
// cancelled half way, as holes before the rows of the connection's next one.
function decode(result: readonly (readonly (Buffer | null)[])[]): readonly Row[] {
  return Array.from(result)
    .filter((row) => row !== undefined)
    .map((row) => Object.values(row).map((cell) => (cell === null ? null : cell.toString())))
}

/** Throws `STORE_TIMEOUT` if the caller has aborted the call. */
export function throwIfAborted({ signal }: Call = {}): void {
  if (signal?.aborted) throw toFlagsError(signal.reason, 'STORE_TIMEOUT', 'The call was aborted')
}

/**
 * Like `runQuery`, and cancels the query when the signal aborts. Only for clients that Flagstone opened: PostgreSQL cancels whatever runs
 * on a connection when the request arrives, and on a caller's client a late request would cancel the caller's next query.
 */
export async function runCancellableQuery(sql: Sql, text: string, parameters: Parameters, call: Call = {}): Promise<readonly Row[]> {
  throwIfAborted(call)
  const query = sql.unsafe(text, [...parameters], { prepare: true }).raw()
  const stop = (): void => cancel(query)
  call.signal?.addEventListener('abort', stop, { once: true })
  try {
    return decode(await query)
  } finally {
    call.signal?.removeEventListener('abort', stop)
  }
}
