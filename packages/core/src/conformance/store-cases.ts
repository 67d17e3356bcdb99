import { type ConformanceCase, casesOf } from './case.ts'
import { storeChanges } from './store-changes.ts'
import { storeConcurrency } from './store-concurrency.ts'
import { storeConflicts } from './store-conflicts.ts'
import type { StoreHarness } from './store-fixture.ts'
import { storeHistory } from './store-history.ts'
import { storeLog } from './store-log.ts'
import { storeLostCursor } from './store-lost-cursor.ts'
import { storePages } from './store-pages.ts'
import { storePrerequisites } from './store-prerequisites.ts'
import { storeReads } from './store-reads.ts'
import { storeReplica } from './store-replica.ts'
import { storeRules } from './store-rules.ts'
import { storeSegmentHistory } from './store-segment-history.ts'
import { storeSegments } from './store-segments.ts'
import { storeUnreadableRecords } from './store-unreadable-records.ts'
import { storeUses } from './store-uses.ts'
import { storeWatch } from './store-watch.ts'
import { storeWrites } from './store-writes.ts'

/** Every obligation of `FlagStore`. Throws where the harness skips a case that does not exist. */
export function storeCases(harness: StoreHarness): readonly ConformanceCase[] {
  return casesOf(harness, [
    storeReads,
    storeReplica,
    storeWrites,
    storeRules,
    storePrerequisites,
    storeConflicts,
    storeConcurrency,
    storeSegments,
    storeSegmentHistory,
    storeLog,
    storeLostCursor,
    storePages,
    storeChanges,
    storeHistory,
    storeWatch,
    storeUnreadableRecords,
    storeUses,
  ])
}
