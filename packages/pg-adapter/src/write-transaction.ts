import { type Blocker, type Call, FlagsError, titleOf } from '@flagstone/core/adapter'
import type { Sql, TransactionSql } from 'postgres'
import { type Row, rows, throwIfAborted, transaction } from './database.ts'
import { sqlStateOf, storeError } from './errors.ts'
import type { WriteStatements } from './write-statements.ts'

/** Runs `body` in a transaction. `did` and `key` are for errors: what was to be done, and to which record; without a key, to the change log. */
export type Write = <T>(
  did: string,
  key: string | undefined,
  call: Call | undefined,
  body: (tx: TransactionSql) => Promise<T>,
) => Promise<T>

/**
 * Takes the locks of a write. Each is waited for so long at most. Nothing is compiled: PostgreSQL cannot tell how short the walk along
 * prerequisites is, and would spend a third of a second on it, under the clock's lock.
 */
export async function lock(tx: TransactionSql, statement: WriteStatements, lockTimeoutMs: number): Promise<void> {
  // Awaited here: postgres.js sends a query when it is awaited, and what goes out beside this one must come after it.
  await tx.unsafe(`SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL jit = off; ${statement.lock}`)
}

/** Writes to one table, whose rows go by `rowNameOf` of their keys. Whatever fails is a `FlagsError`; a lock that was not to be had in time names its holders. */
export function writeTo(sql: Sql, { blockers, rowNameOf }: WriteStatements, lockTimeoutMs: number): Write {
  async function findBlockers(key: string | undefined): Promise<readonly Blocker[]> {
    const found = await rows(sql, blockers, [key === undefined ? null : rowNameOf(key)]).catch((): readonly Row[] => [])
    // A role that may not see another's statistics does not see its age; it kept us waiting for as long at least.
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
      return await transaction(sql, async (tx) => {
        const answer = await body(tx)
        // Rolled back as long as it can be: who gave up must not find it done.
        throwIfAborted(call)
        return answer
      })
    } catch (error) {
      const what = `${key === undefined ? 'The change log' : titleOf(key)} could not be ${did}`
      throw sqlStateOf(error) === '55P03' ? await writeBlocked(error, what, key) : storeError(error, what, key)
    }
  }
}
