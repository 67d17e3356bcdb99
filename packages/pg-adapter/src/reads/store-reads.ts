import {
  type Call,
  type Change,
  type Changes,
  type ChangesPage,
  type Cursor,
  FlagsError,
  type Head,
  type HistoryPage,
  isRecordKey,
  type Loaded,
  type LoadedAll,
  type LoadedRecord,
  type LoadPage,
  type LoggedChanges,
} from '@flagstone/core/adapter'
import type { Parameters, Row, RunQuery } from '../connection/run-query.ts'
import { storeError } from '../connection/store-error.ts'
import { NEEDED_MIGRATION } from '../migrations/migrations.ts'
import { changeFromRow, recordFromRow } from '../sql/row-mapping.ts'
import type { Statements } from '../sql/statements.ts'

export interface StoreReads {
  head(call?: Call): Promise<Head>
  load(names: readonly string[], call?: Call): Promise<Loaded>
  loadAll(call?: Call, page?: LoadPage): Promise<LoadedAll>
  changesSince(cursor: Cursor, call?: Call, limit?: number): Promise<Changes>
  changes(page?: ChangesPage, call?: Call): Promise<LoggedChanges>
  history(name: string, page?: HistoryPage, call?: Call): Promise<readonly Change[]>
}

const DEFAULT_PAGE = 50
const SEGMENTS = 'segment:'
/** Sorts after every name, which begins with a letter or a digit. */
const AFTER_ALL_FLAGS = '~'

function cursorOf(version: string | null | undefined, id: string | null | undefined): Cursor {
  return { version: Number(version), id: String(id) }
}

function schemaOld(schema: string, migration: string | null | undefined): FlagsError {
  const message = `Schema ${schema} has seen ${migration} of the ${NEEDED_MIGRATION} migrations that this build needs; run migrate().`
  return new FlagsError('SCHEMA_OLD', message)
}

function rowsHidden(schema: string): FlagsError {
  const message = `Row-level security hides rows of schema ${schema} from this role, which would take flags that it may not see for missing.`
  return new FlagsError('ROWS_HIDDEN', `${message} Give the role BYPASSRLS, or take row-level security off Flagstone's tables.`)
}

/** Marks what a standby has answered. Throws `ROWS_HIDDEN` where an answer may lack rows. */
function answeredBy(server: string | null | undefined, schema: string): { readonly standby?: true } {
  if (server === 'rows hidden') throw rowsHidden(schema)
  return server === 'standby' ? { standby: true } : {}
}

/** The reads of a store. `schema` appears in error messages. */
export function createStoreReads(query: RunQuery, text: Statements, schema: string): StoreReads {
  async function read(what: string, statement: string, parameters: Parameters, call: Call | undefined): Promise<readonly Row[]> {
    try {
      return await query(statement, parameters, call)
    } catch (error) {
      throw storeError(error, what)
    }
  }

  /** Like `read`, for a statement that returns the clock in every row. */
  async function readWithClock(
    what: string,
    statement: string,
    parameters: Parameters,
    call: Call | undefined,
  ): Promise<readonly [Row, ...Row[]]> {
    const [first, ...more] = await read(what, statement, parameters, call)
    if (first) return [first, ...more]
    throw new FlagsError('SCHEMA_MISSING', `${what}: the clock's row is missing in schema ${schema}; run migrate().`)
  }

  /** Throws `SCHEMA_OLD` if tables are there, but a migration is missing. */
  async function assertMigrated(call: Call | undefined): Promise<void> {
    const [[migration] = []] = await query(text.migration, [], call).catch(() => [])
    if (migration && Number(migration) < NEEDED_MIGRATION) throw schemaOld(schema, migration)
  }

  return {
    async head(call) {
      const found = await readWithClock('The head could not be read', text.head, [], call).catch(async (error: FlagsError) => {
        // Tables of an older build lack what this statement asks for.
        if (error.code === 'SCHEMA_MISSING') await assertMigrated(call)
        throw error
      })
      const [[storeId, version, id, migration, server]] = found
      if (Number(migration) < NEEDED_MIGRATION) throw schemaOld(schema, migration)
      return { storeId: String(storeId), cursor: cursorOf(version, id), ...answeredBy(server, schema) }
    },

    async load(names, call) {
      const flags = new Map<string, LoadedRecord>(names.map((name) => [name, null]))
      // An invalid name cannot exist, and PostgreSQL may reject its text.
      const asked = JSON.stringify([...flags.keys()].filter(isRecordKey))
      const found = await readWithClock('Flags could not be loaded', text.load, [asked], call)
      const [[storeId, version, server]] = found
      for (const [, , , name, row] of found) if (name) flags.set(name, recordFromRow(name, row, Number(version)))
      return { storeId: String(storeId), asOf: Number(version), flags, ...answeredBy(server, schema) }
    },

    async loadAll(call, page) {
      const after = page?.after ?? ''
      const segment = after.startsWith(SEGMENTS) ? after.slice(SEGMENTS.length) : undefined
      const parameters = [segment === undefined ? after : AFTER_ALL_FLAGS, segment ?? '', page === undefined ? null : String(page.limit)]
      const found = await readWithClock('Flags could not be loaded', text.loadAll, parameters, call)
      const [[storeId, version, id, server]] = found
      const cursor = cursorOf(version, id)
      const flags = new Map<string, LoadedRecord>()
      for (const [, , , , name, row] of found) if (name) flags.set(name, recordFromRow(name, row, cursor.version))
      const last = [...flags.keys()].at(-1)
      const next = flags.size === page?.limit && last !== undefined ? { next: last } : {}
      return { storeId: String(storeId), asOf: cursor.version, flags, cursor, ...next, ...answeredBy(server, schema) }
    },

    async changesSince(cursor, call, limit) {
      const parameters = [String(cursor.version), cursor.id, limit === undefined ? null : String(limit)]
      const found = await readWithClock('The change log could not be read', text.changesSince, parameters, call)
      const [[clock, id, lost, storeId, server, , , , pageVersion, pageId]] = found
      const now = cursorOf(clock, id)
      const from = { storeId: String(storeId), ...answeredBy(server, schema) }
      if (lost) return { kind: 'lost', cursor: now, why: lost === 'pruned' ? 'pruned' : 'rewound', ...from }
      const changed = found.flatMap(([, , , , , name, version, row]) =>
        name ? [{ name, version: Number(version), flag: recordFromRow(name, row, now.version) }] : [],
      )
      if (pageVersion && Number(pageVersion) < now.version) {
        return { kind: 'changes', cursor: cursorOf(pageVersion, pageId), changed, more: true, ...from }
      }
      return { kind: 'changes', cursor: changed.length > 0 ? now : cursor, changed, ...from }
    },

    async changes({ limit = DEFAULT_PAGE, after, records = true } = {}, call) {
      const parameters = [after === undefined ? null : String(after.version), after?.id ?? null, String(limit), String(records)]
      const found = await readWithClock('The change log could not be read', text.changes, parameters, call)
      const [[clock, id, lost, from, fromId]] = found
      const head = cursorOf(clock, id)
      if (lost) return { kind: 'lost', why: lost === 'pruned' ? 'pruned' : 'rewound', head }
      const changes = found.flatMap(([, , , , , row]) => (row ? [changeFromRow(row)] : []))
      const last = changes.at(-1)
      return {
        kind: 'changes',
        changes,
        next: last ? { version: last.version, id: last.id } : cursorOf(from, fromId || (after?.id ?? '')),
        head,
      }
    },

    async history(name, { limit = DEFAULT_PAGE, before = Number.MAX_SAFE_INTEGER } = {}, call) {
      const found = await read(`The history of ${name} could not be read`, text.history, [name, String(before), String(limit)], call)
      return found.map(([row]) => changeFromRow(String(row)))
    },
  }
}
