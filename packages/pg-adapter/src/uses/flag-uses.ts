import { type Call, FlagsError, type FlagUse, type FlagUses } from '@flagstone/core/adapter'
import type { Sql } from 'postgres'
import { type RunQuery, runQuery, throwIfAborted } from '../connection/run-query.ts'
import { runTransaction } from '../connection/run-transaction.ts'
import { sqlStateOf, storeError } from '../connection/store-error.ts'
import type { UseStatements } from '../sql/use-statements.ts'

export interface FlagUseStore {
  noteUses(uses: readonly FlagUse[], call?: Call): Promise<void>
  lastUses(call?: Call): Promise<FlagUses>
}

/** Recording uses must not block the application's connections, nor wait long for locks. */
const SHORT_TIMEOUTS = `SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '2s'`

/** SQLSTATEs: the role lacks the right, or the session is read-only. */
const NOT_ALLOWED: ReadonlySet<string | undefined> = new Set(['42501', '25006'])

/** Records and reads which flags are used. */
export function createFlagUses(sql: Sql, query: RunQuery, text: UseStatements): FlagUseStore {
  /** The error; if this role lacks the right, the message says how to grant it. */
  function useError(cause: unknown, what: string, rights: string, orElse: string): FlagsError {
    const error = storeError(cause, what)
    if (!NOT_ALLOWED.has(sqlStateOf(cause))) return error
    return new FlagsError(error.code, `${error.message}. GRANT ${rights} ON ${text.table} to this role${orElse}.`, { cause })
  }

  return {
    async noteUses(uses, call) {
      try {
        throwIfAborted(call)
        await runTransaction(sql, async (tx) => {
          await tx.unsafe(SHORT_TIMEOUTS)
          await runQuery(tx, text.note, [JSON.stringify(uses)])
        })
      } catch (error) {
        const orElse = ', or create the client with trackUses: false'
        throw useError(error, 'Uses of flags could not be noted', 'SELECT, INSERT, UPDATE', orElse)
      }
    },

    async lastUses(call) {
      try {
        const found = await query(text.last, [], call)
        const uses = found.map(([, flag, enabled, variant, at]) => ({
          flag: String(flag),
          enabled: enabled === 'true',
          ...(variant ? { variant } : {}),
          at: String(at),
        }))
        const since = found[0]?.[0]
        return since ? { since, uses } : { uses }
      } catch (error) {
        throw useError(error, 'Uses of flags could not be read', 'SELECT', '')
      }
    },
  }
}
