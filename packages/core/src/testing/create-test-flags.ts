import type { Clock, NewSegment } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { systemClock } from '../layers/system-clock.ts'
import { defineFlags, type FlagSchema } from '../validate/define-flags.ts'
import type { TestFlag } from './test-flag.ts'
import { TestClient, type TestFlags } from './test-flags.ts'

export interface TestFlagsOptions<S extends FlagSchema = FlagSchema> {
  /** The flags that code uses; those that the test does not mention do not exist, so they give their default. */
  readonly schema?: S
  /** Segments that rules refer to. */
  readonly segments?: readonly NewSegment[]
  /** What ramps go by, and when changes are dated. Default: the system's. */
  readonly clock?: Clock
}

/**
 * Flags for a unit test, each by what it should be: `true` or `false`, a value for everybody, or a flag as `admin.create` takes it, with
 * percentages and rules evaluated as in production. Two of them share nothing, and none holds a timer or a connection.
 *
 * Throws `INVALID_NAME` or `INVALID_FLAG` where a flag could not be created, a pattern that its engine refuses included.
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
