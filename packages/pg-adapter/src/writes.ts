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
import { rows } from './database.ts'
import { type Check, recordWrites } from './record-writes.ts'
import type { Statements } from './statements.ts'
import { lock, writeTo } from './write-transaction.ts'

export interface Writes {
  create(flag: NewFlag, meta?: ChangeMeta, call?: Call): Promise<Change>
  update(name: string, patch: FlagPatch, meta?: ChangeMeta, call?: Call): Promise<Change>
  delete(name: string, meta?: ChangeMeta, call?: Call): Promise<Change>
  readonly segments: SegmentStore
  prune(olderThanDays: number, call?: Call): Promise<number>
}

const SECONDS_A_DAY = 86_400
// Older than anything; beyond it PostgreSQL's timestamps end.
const MAX_DAYS = 1_000_000

/** The writes of a store. */
export function writesOf(sql: Sql, text: Statements, lockTimeoutMs: number): Writes {
  const flags = recordWrites(sql, text, 'flags', lockTimeoutMs)
  const segments = recordWrites(sql, text, 'segments', lockTimeoutMs)
  const write = writeTo(sql, text.flags, lockTimeoutMs)

  /** Under the clock's lock nobody else can add the prerequisite that closes a cycle with this one. */
  const noCycle: Check = async (tx, { name, ...record }) => {
    const requires = 'requires' in record ? (record.requires ?? []) : []
    if (requires.length === 0) return
    const others = new Map<string, Prerequisite[]>()
    for (const [requirer, flag] of await rows(tx, text.required, [JSON.stringify(requires)])) {
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
        await lock(tx, text.flags, lockTimeoutMs)
        const [[count] = []] = await rows(tx, text.prune, [String(seconds)])
        return Number(count)
      })
    },
  }
}
