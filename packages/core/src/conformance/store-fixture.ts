import type { FlagStore } from '../contracts/index.ts'
import type { Fixture, Harness } from './case.ts'

/** What a case of the store's suite runs on: data that no other case uses, empty at first, at version 0. */
export interface StoreFixture extends Fixture {
  readonly store: FlagStore
  /** Another client of the same data, as another process would have it. */
  peer(): Promise<FlagStore>
  /**
   * Optional. Puts the data back to how the fixture was opened, as restoring a backup would: no flags, an empty log, version 0, the same
   * `storeId`. Clients stay open.
   */
  rewind?(): Promise<void>
  /** Optional. Replaces fields of a stored record without validation, as a newer build or another tool could. It may or may not log a change. */
  overwrite?(name: string, fields: Readonly<Record<string, unknown>>): Promise<void>
}

export type StoreHarness = Harness<StoreFixture>
