import { type Blocker, type Call, FlagsError, titleOf } from '@flagstone/core/adapter'
import type { Sql, TransactionSql } from 'postgres'
import { type Row, runQuery, throwIfAborted } from '../connection/run-query.ts'
import { runTransaction } from '../connection/run-transaction.ts'
import { sqlStateOf, storeError } from '../connection/store-error.ts'
import type { WriteStatements } from '../sql/write-statements.ts'

/** Runs `body` in a transaction. `did` and `key` appear in errors: what failed, and for which record. No key means the change log. */
export type RunWrite = <T>(
  did: string,
  key: string | undefined,
  call: Call | undefined,
  body: (tx: TransactionSql) => Promise<T>,
) => Promise<T>

/**
 * Takes the locks of a write, and waits at most `lockTimeoutMs` for each. Turns JIT off, because PostgreSQL overestimates the recursive
 * query over prerequisites and would compile it for a third of a second while holding the clock's lock.
 */
export async function takeWriteLocks(tx: TransactionSql, statement: WriteStatements, lockTimeoutMs: number): Promise<void> {
  // Awaited here, because postgres.js sends a query when it is awaited, and the statements sent alongside must come after this one.
  await tx.unsafe(`SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL jit = off; ${statement.lock}`)
}

/**
 * Runs write transactions on one table. Rejects with a `FlagsError`; on a lock timeout, `WRITE_BLOCKED` names the sessions that hold the
 * lock.
 */
export function createWriteTransaction(sql: Sql, { blockers, rowNameOf }: WriteStatements, lockTimeoutMs: number): RunWrite {
  async function findBlockers(key: string | undefined): Promise<readonly Blocker[]> {
    const found = await runQuery(sql, blockers, [key === undefined ? null : rowNameOf(key)]).catch((): readonly Row[] => [])
    // A role without access to another role's statistics sees no age. The other transaction is at least as old as our wait.
    return found.map(([pid, application, ageMs]) => ({
      pid: Number(pid),
      application: String(application),
      ageMs: Math.max(Number(ageMs), lockTimeoutMs),
    }))
  }

  async function writeBlocked(cause: unknown, what: string, key: string | undefined): Promise<FlagsError> {
    const found = await findBlockers(key)
    const who = found.map(({ pid, application, ageMs }) => `pid ${pid} (${application || 'unnamed'}, transaction open for ${ageMs} ms)`)
    const message = `${what}: another transaction held the lock for ${lockTimeoutMs} ms: ${who.join(', ') || 'it has ended since'}.`
    return new FlagsError('WRITE_BLOCKED', message, { cause, blockers: found, ...(key === undefined ? {} : { flag: key }) })
  }

  return async (did, key, call, body) => {
    try {
      throwIfAborted(call)
      return await runTransaction(sql, async (tx) => {
        const answer = await body(tx)
        // Roll back if the caller has aborted meanwhile: an aborted write must not be committed.
        throwIfAborted(call)
        return answer
      })
    } catch (error) {
      const what = `${key === undefined ? 'The change log' : titleOf(key)} could not be ${did}`
      throw sqlStateOf(error) === '55P03' ? await writeBlocked(error, what, key) : storeError(error, what, key)
    }
  }
}
