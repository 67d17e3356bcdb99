import {
  alreadyExists,
  assertExpected,
  type Call,
  type Change,
  type ChangeMeta,
  doesNotExist,
  type FlagContent,
  FlagsError,
  type LoadedRecord,
  legalRecord,
  type SegmentContent,
  type StoredRecord,
  titleOf,
} from '@flagstone/core/adapter'
import type { Sql, TransactionSql } from 'postgres'
import { runQuery } from '../connection/run-query.ts'
import { changeFromRow, recordFromRow, rowFromContent } from '../sql/row-mapping.ts'
import type { Statements } from '../sql/statements.ts'
import { createWriteTransaction, takeWriteLocks } from './write-transaction.ts'

type Content = FlagContent | SegmentContent

/** Checks the record that a write is about to store. Rejects if the record is not allowed. */
export type CheckRecord = (tx: TransactionSql, record: StoredRecord) => Promise<void>

/** The writes of one table, by key. All take the same locks in the same order, so they cannot deadlock with each other. */
export interface RecordWrites {
  create(key: string, content: Content, meta: ChangeMeta, call: Call | undefined, check?: CheckRecord): Promise<Change>
  update(
    key: string,
    contentAfter: (before: StoredRecord) => Content,
    meta: ChangeMeta,
    call: Call | undefined,
    check?: CheckRecord,
  ): Promise<Change>
  delete(key: string, meta: ChangeMeta, call: Call | undefined): Promise<Change>
}

interface Current {
  readonly version: number
  readonly record: LoadedRecord
}

/** Placeholders: triggers in the database set these fields. */
const UNSTAMPED = { version: 0, createdAt: '1970-01-01T00:00:00.000Z', updatedAt: '1970-01-01T00:00:00.000Z' }

export function createRecordWrites(sql: Sql, text: Statements, table: 'flags' | 'segments', lockTimeoutMs: number): RecordWrites {
  const statement = text[table]
  const { rowNameOf } = statement
  const write = createWriteTransaction(sql, statement, lockTimeoutMs)

  /** Takes the locks, tells the database who writes, and reads the current record, in one round trip. */
  async function begin(tx: TransactionSql, key: string, meta: ChangeMeta): Promise<Current | undefined> {
    const [, , [row]] = await Promise.all([
      takeWriteLocks(tx, statement, lockTimeoutMs),
      runQuery(tx, text.meta, [meta.actor ?? '', meta.reason ?? '']),
      runQuery(tx, statement.current, [rowNameOf(key)]),
    ])
    return row && { version: Number(row[0]), record: recordFromRow(key, row[1]) }
  }

  async function lockExisting(tx: TransactionSql, key: string, meta: ChangeMeta): Promise<Current> {
    const current = await begin(tx, key, meta)
    if (!current) throw doesNotExist(key)
    assertExpected(key, current.version, meta)
    return current
  }

  /** Validates the content and returns it as a row. */
  async function legalRow(tx: TransactionSql, key: string, content: Content, check: CheckRecord | undefined): Promise<string> {
    const record = legalRecord(key, { ...content, ...UNSTAMPED })
    await check?.(tx, record)
    return rowFromContent(content)
  }

  /** Runs the statement and returns the change that it wrote to the log. */
  async function changed(tx: TransactionSql, key: string, above: number, done: Promise<unknown>): Promise<Change> {
    const [, [row]] = await Promise.all([done, runQuery(tx, text.newest, [key])])
    const change = row?.[0] ? changeFromRow(row[0]) : undefined
    if (change && change.version > above) return change
    throw new FlagsError('GENERAL', `${titleOf(key)} was not written: the triggers of its table are switched off in this session.`, {
      flag: key,
    })
  }

  return {
    create: (key, content, meta, call, check) =>
      write('created', key, call, async (tx) => {
        const current = await begin(tx, key, meta)
        if (current) throw alreadyExists(key, current.version)
        const row = await legalRow(tx, key, content, check)
        return changed(tx, key, 0, runQuery(tx, statement.insert, [row]))
      }),

    update: (key, contentAfter, meta, call, check) =>
      write('updated', key, call, async (tx) => {
        const { version, record } = await lockExisting(tx, key, meta)
        if (record === null || record instanceof FlagsError) throw record
        const row = await legalRow(tx, key, contentAfter(record), check)
        return changed(tx, key, version, runQuery(tx, statement.update, [rowNameOf(key), row]))
      }),

    delete: (key, meta, call) =>
      write('deleted', key, call, async (tx) => {
        const { version } = await lockExisting(tx, key, meta)
        return changed(tx, key, version, runQuery(tx, statement.delete, [rowNameOf(key)]))
      }),
  }
}
