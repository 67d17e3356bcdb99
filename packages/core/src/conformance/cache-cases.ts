import { cacheCorrupt } from './cache-corrupt.ts'
import { cacheExpiry } from './cache-expiry.ts'
import { cacheFences } from './cache-fences.ts'
import { cacheFills } from './cache-fills.ts'
import type { CacheHarness } from './cache-fixture.ts'
import { cacheForget } from './cache-forget.ts'
import { cacheHints } from './cache-hints.ts'
import { cacheInvalidate } from './cache-invalidate.ts'
import { cacheKeys } from './cache-keys.ts'
import { cacheListenerSlots } from './cache-listener-slots.ts'
import { cacheRefusals } from './cache-refusals.ts'
import { cacheTwoStores } from './cache-two-stores.ts'
import { cacheUpdatedRecords } from './cache-updated-records.ts'
import { type ConformanceCase, casesOf } from './case.ts'

/** Every obligation of `FlagCache`. Throws where the harness skips a case that does not exist. */
export function cacheCases(harness: CacheHarness): readonly ConformanceCase[] {
  return casesOf(harness, [
    cacheFences,
    cacheFills,
    cacheRefusals,
    cacheInvalidate,
    cacheUpdatedRecords,
    cacheForget,
    cacheTwoStores,
    cacheKeys,
    cacheHints,
    cacheListenerSlots,
    cacheExpiry,
    cacheCorrupt,
  ])
}
