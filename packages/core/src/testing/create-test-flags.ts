import type { Clock, NewSegment } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { systemClock } from '../layers/system-clock.ts'
import { defineFlags, type FlagSchema } from '../validate/define-flags.ts'
import type { TestFlag } from './test-flag.ts'
import { TestClient, type TestFlags } from './test-flags.ts'

export interface TestFlagsOptions<S extends FlagSchema = FlagSchema> {
  /** The flags that code uses; those that the test does not mention do not exist, so they answer their default. */
  readonly schema?: S
  /** Segments that rules refer to. */
  readonly segments?: readonly NewSegment[]
  /** Gives the time for ramps and dates the changes. Default: the system's. */
  readonly clock?: Clock
}

/**
 * Flags for a unit test. Each is `true` or `false`, a value for everybody, or a flag as `admin.create` takes it, with percentages and rules
 * evaluated as in production. Two clients made so share nothing, and none holds a timer or a connection.
 *
 * Throws `INVALID_NAME` or `INVALID_FLAG` where a flag could not be created, also where the library refuses a pattern.
 */
export function createTestFlags<const S extends FlagSchema = FlagSchema>(
  flags: Readonly<Record<string, TestFlag>> = {},
  options: TestFlagsOptions<S> = {},
): TestFlags<S> {
  if (flags === null || typeof flags !== 'object') {
    throw new FlagsError('INVALID_OPTIONS', 'createTestFlags() takes an object: the name of each flag and what it should be.')
  }
  const { schema = {} as S, segments = [], clock = systemClock } = options
  return new TestClient(flags, { schema: defineFlags(schema), segments, clock }) as unknown as TestFlags<S>
}
