import {
  assertNoCycle,
  type Call,
  type Change,
  type ChangeMeta,
  contentOf,
  type FlagPatch,
  type FlagRecord,
  FlagsError,
  type NewFlag,
  type Prerequisite,
  patched,
  patchedSegment,
  type SegmentRecord,
  type SegmentStore,
  segmentContentOf,
  segmentKey,
} from '@flagstone/core/adapter'
import type { Sql } from 'postgres'
import { runQuery } from '../connection/run-query.ts'
import type { Statements } from '../sql/statements.ts'
import { type CheckRecord, createRecordWrites } from './record-writes.ts'
import { createWriteTransaction, takeWriteLocks } from './write-transaction.ts'

export interface StoreWrites {
  create(flag: NewFlag, meta?: ChangeMeta, call?: Call): Promise<Change>
  update(name: string, patch: FlagPatch, meta?: ChangeMeta, call?: Call): Promise<Change>
  delete(name: string, meta?: ChangeMeta, call?: Call): Promise<Change>
  readonly segments: SegmentStore
  prune(olderThanDays: number, call?: Call): Promise<number>
}

const SECONDS_A_DAY = 86_400
// PostgreSQL's timestamps do not reach further back.
const MAX_DAYS = 1_000_000

/** The writes of a store: flags, segments and the pruning of the log. */
export function createStoreWrites(sql: Sql, text: Statements, lockTimeoutMs: number): StoreWrites {
  const flags = createRecordWrites(sql, text, 'flags', lockTimeoutMs)
  const segments = createRecordWrites(sql, text, 'segments', lockTimeoutMs)
  const write = createWriteTransaction(sql, text.flags, lockTimeoutMs)

  /** The clock's lock is held, so no other writer can add a prerequisite that closes a cycle with this one. */
  const noCycle: CheckRecord = async (tx, { name, ...record }) => {
    const requires = 'requires' in record ? (record.requires ?? []) : []
    if (requires.length === 0) return
    const others = new Map<string, Prerequisite[]>()
    for (const [requirer, flag] of await runQuery(tx, text.required, [JSON.stringify(requires)])) {
      if (!requirer || !flag) continue
      others.set(requirer, [...(others.get(requirer) ?? []), { flag }])
    }
    assertNoCycle(name, requires, (flag) => others.get(flag))
  }

  return {
    create: (flag, meta = {}, call) => flags.create(flag.name, contentOf(flag), meta, call, noCycle),

    update: (name, patch, meta = {}, call) =>
      flags.update(name, (before) => patched(before as FlagRecord, patch), meta, call, 'requires' in patch ? noCycle : undefined),

    delete: (name, meta = {}, call) => flags.delete(name, meta, call),

    segments: {
      create: (segment, meta = {}, call) => segments.create(segmentKey(segment.name), segmentContentOf(segment), meta, call),

      update: (name, patch, meta = {}, call) =>
        segments.update(segmentKey(name), (before) => patchedSegment(before as SegmentRecord, patch), meta, call),

      delete: (name, meta = {}, call) => segments.delete(segmentKey(name), meta, call),
    },

    async prune(olderThanDays, call) {
      if (!(olderThanDays >= 0))
        throw new FlagsError('INVALID_OPTIONS', `prune() takes a number of days, 0 or more; received ${olderThanDays}.`)
      const seconds = Math.min(olderThanDays, MAX_DAYS) * SECONDS_A_DAY
      return write('pruned', undefined, call, async (tx) => {
        await takeWriteLocks(tx, text.flags, lockTimeoutMs)
        const [[count] = []] = await runQuery(tx, text.prune, [String(seconds)])
        return Number(count)
      })
    },
  }
}
