import { FlagsError } from '@flagstone/core/adapter'
import { postgresStore } from '@flagstone/pg-adapter'
import type { Row, Sql, TransactionSql } from 'postgres'
import type { TestDatabase } from './test-database.ts'

export interface WriteTask {
  readonly writer: number
  /** Unique, so that the changes of each task can be told apart. */
  readonly token: string
}

/** One way to write flags. Returns a line for each committed change, in the format of `linesOf`. */
export type WriteMethod = (turn: WriteTask) => Promise<readonly string[]>

const SHARED = 6
/** How often the cursor polls while the transaction stays open. */
const POLLS_WHILE_OPEN = 3

class RolledBack extends Error {}

/** All ways in which flags are written: by the store, and by SQL as psql, a migration or another language sends it. */
export function writeMethods({ schema, flags }: TestDatabase, sql: Sql, polled: (times: number) => Promise<void>): readonly WriteMethod[] {
  const store = postgresStore({ sql, schema, lockTimeoutMs: 60_000 })
  const shared = (index: number): string => `shared-${index % SHARED}`
  const updated = (rows: readonly Row[], token: string): string[] => rows.map((row) => `update ${row['name']} ${token}`)
  const update = (on: Sql | TransactionSql, name: string, token: string) =>
    on.unsafe(`UPDATE ${flags} SET description = '${token}' WHERE name = '${name}' RETURNING name`)
  const upsert = (names: readonly string[], token: string, otherwise: string) =>
    sql.unsafe(`
      INSERT INTO ${flags} (name, description) VALUES ${names.map((name) => `('${name}', '${token}')`).join(', ')}
      ON CONFLICT (name) ${otherwise} RETURNING name, (xmax = 0) AS inserted`)
  const removed = (rows: readonly Row[]): string[] => rows.map((row) => `delete ${row['name']} ${row['description']}`)

  return [
    async function byTheStore({ writer, token }) {
      const name = shared(writer)
      const content = { description: token }
      const change =
        (await store.update(name, content).catch(ignoreCodes(['FLAG_NOT_FOUND']))) ??
        (await store.create({ name, ...content }).catch(ignoreCodes(['FLAG_EXISTS'])))
      return change ? [`${change.operation} ${name} ${token}`] : []
    },

    async function inOppositeOrder({ writer, token }) {
      const [first, second] = writer % 2 === 0 ? [shared(1), shared(4)] : [shared(4), shared(1)]
      return sql.begin(async (tx) => [
        ...updated(await update(tx, first, token), token),
        ...updated(await update(tx, second, token), token),
      ])
    },

    async function rolledBack({ writer, token }) {
      const attempt = sql.begin(async (tx) => {
        await update(tx, shared(writer), token)
        await tx.unsafe(`INSERT INTO ${flags} (name, description) VALUES ('never-${token}', '${token}')`)
        throw new RolledBack()
      })
      await attempt.catch(ignoreCodes([], RolledBack))
      return []
    },

    async function partlyRolledBack({ writer, token }) {
      return sql.begin(async (tx) => {
        const kept = await update(tx, shared(writer), token)
        const inner = tx.savepoint(async (nested) => {
          await nested.unsafe(`DELETE FROM ${flags}`)
          throw new RolledBack()
        })
        await inner.catch(ignoreCodes([], RolledBack))
        return updated(kept, token)
      })
    },

    async function longOpen({ writer, token }) {
      return sql.begin(async (tx) => {
        const early = updated(await update(tx, shared(writer + 1), `${token}-early`), `${token}-early`)
        await polled(POLLS_WHILE_OPEN)
        return [...early, ...updated(await update(tx, shared(writer), `${token}-late`), `${token}-late`)]
      })
    },

    async function matchingNothing({ token }) {
      const touched = await update(sql, `nobody-${token}`, token)
      const gone = await sql.unsafe(`DELETE FROM ${flags} WHERE name = 'nobody-${token}' RETURNING name, description`)
      return [...updated(touched, token), ...removed(gone)]
    },

    async function onConflictDoNothing({ writer, token }) {
      const rows = await upsert([shared(writer), shared(writer + 1), `own-${writer}`], token, 'DO NOTHING')
      return rows.map((row) => `create ${row['name']} ${token}`)
    },

    async function onConflictDoUpdate({ writer, token }) {
      const rows = await upsert(
        [shared(writer + 2), shared(writer), `own-${writer}`],
        token,
        'DO UPDATE SET description = excluded.description',
      )
      return rows.map((row) => `${row['inserted'] ? 'create' : 'update'} ${row['name']} ${token}`)
    },

    async function everyRowAtOnce({ token }) {
      return updated(await sql.unsafe(`UPDATE ${flags} SET description = '${token}' RETURNING name`), token)
    },

    async function deleting({ writer }) {
      const name = shared(writer)
      const rows = await sql.unsafe(`DELETE FROM ${flags} WHERE name = 'own-${writer}' RETURNING name, description`)
      const change = await store.delete(name).catch(ignoreCodes(['FLAG_NOT_FOUND']))
      if (!change || change.before instanceof FlagsError) return removed(rows)
      return [...removed(rows), `delete ${name} ${change.before?.description}`]
    },

    async function truncating({ writer, token }) {
      if (writer % 3 !== 0) return updated(await update(sql, shared(writer), token), token)
      return sql.begin(async (tx) => {
        // The lock keeps other writers out between the SELECT and the TRUNCATE.
        await tx.unsafe(`LOCK TABLE ${flags} IN ACCESS EXCLUSIVE MODE`)
        const gone = await tx.unsafe(`SELECT name, description FROM ${flags}`)
        await tx.unsafe(`TRUNCATE ${flags}`)
        return removed(gone)
      })
    },
  ]
}

/** Ignores errors with these codes or of this class, and throws all others. */
function ignoreCodes(codes: readonly string[], kind?: new () => Error): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof FlagsError && codes.includes(error.code)) return undefined
    if (kind !== undefined && error instanceof kind) return undefined
    throw error
  }
}
