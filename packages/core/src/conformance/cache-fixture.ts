import type { DecisionKind, FlagCache } from '../contracts/index.ts'
import type { Fixture, Harness } from './case.ts'

/** An entry of the cache. */
export type CacheEntryKey =
  | { readonly name: string; readonly kind: 'flag' }
  | { readonly name: string; readonly kind: DecisionKind; readonly targetingKey: string }

/** What a case of the cache's suite plays in: a cache that no other case sees, empty at first. The cases call `open()` themselves. */
export interface CacheFixture extends Fixture {
  readonly cache: FlagCache
  /** Another client of the same cache, as another process would have it. */
  peer(): Promise<FlagCache>
  /**
   * Optional. Lets so many milliseconds pass for everything that expires: turns an injected clock, or takes them off what each key has
   * left (on Redis: `PTTL`, then `PEXPIRE` or `UNLINK`).
   */
  advance?(ms: number): Promise<void>
  /** Optional. Puts `value` in place of the stored value of an entry that is there; its token and its `asOf` stay as they are. */
  corrupt?(entry: CacheEntryKey, value: string): Promise<void>
}

export type CacheHarness = Harness<CacheFixture>
