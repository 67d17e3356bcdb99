/**
 * Flags for an app's unit tests: real evaluation, no PostgreSQL, no Redis.
 *
 * @module
 */

export { createTestFlags, type TestFlagsOptions } from './create-test-flags.ts'
export { everyCombination } from './flag-combinations.ts'
export type { TestFlag } from './test-flag.ts'
export type { TestFlags } from './test-flags.ts'
