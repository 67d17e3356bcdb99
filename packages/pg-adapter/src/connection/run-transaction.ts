import type { Sql, TransactionSql } from 'postgres'
import { isConnectionLoss } from './store-error.ts'

/** Runs `body` in a READ COMMITTED transaction, whatever the default of the session is. */
export function runTransaction<T>(sql: Sql, body: (tx: TransactionSql) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const run = async (tx: TransactionSql): Promise<void> => {
      try {
        answer = { value: await body(tx) }
      } catch (error) {
        if (!isConnectionLoss(error)) throw error
        // This function must not return here: postgres.js 3.4 would send ROLLBACK over the lost connection and crash the process ("reading
        // 'write'").
        reject(error)
        await new Promise<never>(() => {})
      }
    }
    let answer: { readonly value: T } | undefined
    sql.begin('isolation level read committed', run).then(() => resolve((answer as { readonly value: T }).value), reject)
  })
}
