import type { DecisionKind, FlagCache } from '../contracts/index.ts'
import type { Fixture, Harness } from './case.ts'

/** An entry of the cache. */
export type CacheEntryKey =
  | { readonly name: string; readonly kind: 'flag' }
  | { readonly name: string; readonly kind: DecisionKind; readonly targetingKey: string }

/** What a case of the cache's suite runs on: a cache that no other case uses, empty at first. The cases call `open()` themselves. */
export interface CacheFixture extends Fixture {
  readonly cache: FlagCache
  /** Another client of the same cache, as another process would have it. */
  peer(): Promise<FlagCache>
  /**
   * Optional. Lets `ms` milliseconds pass for everything that expires: advances an injected clock, or subtracts them from what each key has
   * left (on Redis: `PTTL`, then `PEXPIRE` or `UNLINK`).
   */
  advance?(ms: number): Promise<void>
  /** Optional. Replaces the stored value of an existing entry by `value`; its token and its `asOf` stay as they are. */
  corrupt?(entry: CacheEntryKey, value: string): Promise<void>
}

export type CacheHarness = Harness<CacheFixture>
