/**
 * The obligations of the contracts as test cases, for those who write an adapter.
 *
 * ```ts
 * import { storeCases } from '@flagstone/core/conformance'
 * import { describe, test } from 'vitest'
 *
 * describe('my store keeps the contract', () => {
 *   for (const { name, skip, run } of storeCases(harness)) test.skipIf(skip !== undefined)(skip ? `${name} (${skip})` : name, run)
 * })
 * ```
 *
 * @module
 */

export { cacheCases } from './cache-cases.ts'
export type { CacheEntryKey, CacheFixture, CacheHarness } from './cache-fixture.ts'
export type { ConformanceCase, Fixture, Harness } from './case.ts'
export { storeCases } from './store-cases.ts'
export type { StoreFixture, StoreHarness } from './store-fixture.ts'
