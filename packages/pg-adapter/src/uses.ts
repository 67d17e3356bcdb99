import { type Call, FlagsError, type FlagUse, type FlagUses } from '@flagstone/core/adapter'
import type { Sql } from 'postgres'
import { rows, throwIfAborted, transaction } from './database.ts'
import { sqlStateOf, storeError } from './errors.ts'
import type { Query } from './reads.ts'
import type { UseStatements } from './use-statements.ts'

export interface Uses {
  noteUses(uses: readonly FlagUse[], call?: Call): Promise<void>
  lastUses(call?: Call): Promise<FlagUses>
}

/** Nobody is to wait for a use, neither a host's connection nor whoever holds a lock. */
const PATIENCE = `SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '2s'`

/** The server refuses the right, or any write. */
const REFUSED: ReadonlySet<string | undefined> = new Set(['42501', '25006'])

/** How a store keeps and tells the uses of its flags. */
export function usesOf(sql: Sql, query: Query, text: UseStatements): Uses {
  /** With the way out, where this role may not do it. */
  function failed(cause: unknown, what: string, rights: string, orElse: string): FlagsError {
    const error = storeError(cause, what)
    if (!REFUSED.has(sqlStateOf(cause))) return error
    return new FlagsError(error.code, `${error.message}. GRANT ${rights} ON ${text.table} to this role${orElse}.`, { cause })
  }

  return {
    async noteUses(uses, call) {
      try {
        throwIfAborted(call)
        await transaction(sql, async (tx) => {
          await tx.unsafe(PATIENCE)
          await rows(tx, text.note, [JSON.stringify(uses)])
        })
      } catch (error) {
        const orElse = ', or create the client with trackUses: false'
        throw failed(error, 'Uses of flags could not be noted', 'SELECT, INSERT, UPDATE', orElse)
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
        throw failed(error, 'Uses of flags could not be read', 'SELECT', '')
      }
    },
  }
}
