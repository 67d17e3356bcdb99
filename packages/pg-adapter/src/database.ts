import { type Call, toFlagsError } from '@flagstone/core/adapter'
import type { Sql, TransactionSql } from 'postgres'
import { isConnectionLoss } from './errors.ts'

/** A row as PostgreSQL sent it: the text of each column. */
export type Row = readonly (string | null)[]

/** Every parameter is text, and cast in the statement: what a client makes of other types is its owner's to configure. */
export type Parameters = readonly (string | null)[]

interface Cancellable {
  readonly active?: boolean
  canceller?: ((query: unknown) => Promise<void>) | null
}

/** Asks the server to stop a running query, and swallows whatever comes of it: `query.cancel()` would leave an unhandled rejection. */
function cancel(query: unknown): void {
  const { active, canceller } = query as Cancellable
  if (active && canceller) canceller(query).catch(() => {})
}

/** The rows of one statement, read past the client's type parsers, transforms of names and values. */
export async function rows(sql: Sql | TransactionSql, text: string, parameters: Parameters = []): Promise<readonly Row[]> {
  return decode(await sql.unsafe(text, [...parameters], { prepare: true }).raw())
}

// `Object.values`: a client may have a transform of whole rows, and those that make an object of an object work on an array too.
function decode(result: readonly (readonly (Buffer | null)[])[]): readonly Row[] {
  return Array.from(result, (row) => Object.values(row).map((cell) => (cell === null ? null : cell.toString())))
}

export function throwIfAborted({ signal }: Call = {}): void {
  if (signal?.aborted) throw toFlagsError(signal.reason, 'STORE_TIMEOUT', 'The call was given up')
}

/**
 * As `rows`, and cancelled when the signal aborts. Only for a client of our own: PostgreSQL cancels by connection, so that a request which
 * comes late stops whatever runs there by then, which in a client of somebody else would be somebody else's query.
 */
export async function cancellableRows(sql: Sql, text: string, parameters: Parameters, call: Call = {}): Promise<readonly Row[]> {
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

/** Runs `body` in a transaction, READ COMMITTED whatever the session's default is. */
export function transaction<T>(sql: Sql, body: (tx: TransactionSql) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const run = async (tx: TransactionSql): Promise<void> => {
      try {
        answer = { value: await body(tx) }
      } catch (error) {
        if (!isConnectionLoss(error)) throw error
        // Were this to end, postgres.js 3.4 would send ROLLBACK over the dead connection, and crash the process ("reading 'write'").
        reject(error)
        await new Promise<never>(() => {})
      }
    }
    let answer: { readonly value: T } | undefined
    sql.begin('isolation level read committed', run).then(() => resolve((answer as { readonly value: T }).value), reject)
  })
}
