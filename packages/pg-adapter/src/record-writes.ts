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
import { rows } from './database.ts'
import { changeOf, loadedRecord, rowOf } from './rows.ts'
import type { Statements } from './statements.ts'
import { lock, writeTo } from './write-transaction.ts'

type Content = FlagContent | SegmentContent

/** What else must hold for the record that a write is about to leave behind; rejects where it does not. */
export type Check = (tx: TransactionSql, record: StoredRecord) => Promise<void>

/** The writes of one table, by key. Each takes the same locks in the same order, so that none can deadlock with another. */
export interface RecordWrites {
  create(key: string, content: Content, meta: ChangeMeta, call: Call | undefined, check?: Check): Promise<Change>
  update(
    key: string,
    contentAfter: (before: StoredRecord) => Content,
    meta: ChangeMeta,
    call: Call | undefined,
    check?: Check,
  ): Promise<Change>
  delete(key: string, meta: ChangeMeta, call: Call | undefined): Promise<Change>
}

interface Current {
  readonly version: number
  readonly record: LoadedRecord
}

/** The database stamps it. */
const UNSTAMPED = { version: 0, createdAt: '1970-01-01T00:00:00.000Z', updatedAt: '1970-01-01T00:00:00.000Z' }

export function recordWrites(sql: Sql, text: Statements, table: 'flags' | 'segments', lockTimeoutMs: number): RecordWrites {
  const statement = text[table]
  const { rowNameOf } = statement
  const write = writeTo(sql, statement, lockTimeoutMs)

  /** Locks, says who writes, and reads the record as it is now. The three go out together. */
  async function begin(tx: TransactionSql, key: string, meta: ChangeMeta): Promise<Current | undefined> {
    const [, , [row]] = await Promise.all([
      lock(tx, statement, lockTimeoutMs),
      rows(tx, text.meta, [meta.actor ?? '', meta.reason ?? '']),
      rows(tx, statement.current, [rowNameOf(key)]),
    ])
    return row && { version: Number(row[0]), record: loadedRecord(key, row[1]) }
  }

  async function existing(tx: TransactionSql, key: string, meta: ChangeMeta): Promise<Current> {
    const current = await begin(tx, key, meta)
    if (!current) throw doesNotExist(key)
    assertExpected(key, current.version, meta)
    return current
  }

  /** The content as a row, where a record of it can be read and keeps whatever else must hold. */
  async function legalRow(tx: TransactionSql, key: string, content: Content, check: Check | undefined): Promise<string> {
    const record = legalRecord(key, { ...content, ...UNSTAMPED })
    await check?.(tx, record)
    return rowOf(content)
  }

  /** The change that a statement of this transaction left in the log. */
  async function changed(tx: TransactionSql, key: string, above: number, done: Promise<unknown>): Promise<Change> {
    const [, [row]] = await Promise.all([done, rows(tx, text.newest, [key])])
    const change = row?.[0] ? changeOf(row[0]) : undefined
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
        return changed(tx, key, 0, rows(tx, statement.insert, [row]))
      }),

    update: (key, contentAfter, meta, call, check) =>
      write('updated', key, call, async (tx) => {
        const { version, record } = await existing(tx, key, meta)
        if (record === null || record instanceof FlagsError) throw record
        const row = await legalRow(tx, key, contentAfter(record), check)
        return changed(tx, key, version, rows(tx, statement.update, [rowNameOf(key), row]))
      }),

    delete: (key, meta, call) =>
      write('deleted', key, call, async (tx) => {
        const { version } = await existing(tx, key, meta)
        return changed(tx, key, version, rows(tx, statement.delete, [rowNameOf(key)]))
      }),
  }
}
