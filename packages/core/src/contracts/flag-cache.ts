import type { FlagsError } from '../errors/flags-error.ts'
import type { Decision } from './decision.ts'
import type { Call, ChannelListener, Unsubscribe } from './hint-channel.ts'
import type { StoredRecord } from './stored-record.ts'

/** Which decision cache: `check` holds a boolean for `isEnabled`, `endpoint` the full decision for `evaluate`. */
export type DecisionKind = 'check' | 'endpoint'

/** A value and the store's clock in the statement that loaded it. */
export interface Cached<T> {
  readonly asOf: number
  readonly value: T
}

/** What to read for one flag, together. */
export interface CacheWant {
  readonly name: string
  readonly decision?: { readonly kind: DecisionKind; readonly targetingKey: string }
}

/** What the cache has for one flag. It holds only entries that count: those whose token equals the flag's fence. */
export interface CacheRead {
  /** The flag's fence, to be passed with a fill. `undefined` until the cache knows the store: then nothing can be filled. */
  readonly token: string | undefined
  /** The version of the change that the fence stands for; 0 for a placeholder. */
  readonly fenceVersion: number
  readonly flag?: Cached<StoredRecord | null>
  /** A boolean for `check`, a `Decision` for `endpoint`. */
  readonly decision?: Cached<boolean | Decision>
}

/** A value to keep, for `ttlMs` milliseconds. */
export interface CacheFillValue<T> extends Cached<T> {
  readonly ttlMs: number
}

/** What to keep for one flag. */
export interface CacheFill {
  readonly name: string
  /** The token of the read that came before the store was asked. */
  readonly token: string
  readonly flag?: CacheFillValue<StoredRecord | null>
  readonly decision?: CacheFillValue<boolean | Decision> & { readonly kind: DecisionKind; readonly targetingKey: string }
}

/** The record after a change, to be kept under the fence that the change raises, "as of" the change's version. */
export interface CacheUpdatedRecord {
  /** The token of a read that came before the change was committed. */
  readonly token: string
  readonly value: StoredRecord | null
  /** In milliseconds. */
  readonly ttlMs: number
}

/**
 * The cache that all processes share. It may lose anything at any time, be slow, or hold what another program wrote: what it returns is
 * validated, and a corrupt entry is a miss that is reported once and replaced by the next fill.
 */
export interface FlagCache {
  /**
   * Names the store whose flags are kept, and where to report what the cache finds wrong (corrupt entries, another store's fences).
   * May be called again, with another store. Before the first call, reads return the entries that
   * count, without tokens: those of the one store that was seen; once fences of another store have been seen, none.
   */
  open(storeId: string, report?: (error: FlagsError) => void): Promise<void>
  /** One round trip for all of them (one per node of a cluster), plus one where a fence is missing: then a placeholder is installed. */
  read(wanted: readonly CacheWant[], call?: Call): Promise<readonly CacheRead[]>
  /**
   * Keeps each value, or answers `false` and keeps nothing of that fill: when the fence is no longer the token, when `asOf` is below the
   * fence's version, or below the `asOf` of the entry that counts now.
   */
  fill(fills: readonly CacheFill[], call?: Call): Promise<readonly boolean[]>
  /**
   * Raises the fence to `version`, so that no entry and no fill under way counts any longer, drops the flag and publishes a hint.
   * Monotone: where the fence is already as high, it changes and publishes nothing. Its cost must not depend on how much is cached.
   * Rejects before `open`, as a fence names its store.
   *
   * An `updatedRecord` takes the flag's place before the hint goes out, and the hint may carry it. It must be left out of both, and the fence
   * still raised, where the fence before was not its token (a later change may have raised it), or where the entry that counted before has a
   * higher `asOf` than this version.
   */
  invalidate(name: string, version: number, updatedRecord?: CacheUpdatedRecord, call?: Call): Promise<'raised' | 'already'>
  /** Drops fence and flag of each name, whatever their version. */
  forget(names: readonly string[], call?: Call): Promise<void>
  /** Drops everything under this cache's prefix, of every store; answers how many entries. */
  purge(): Promise<number>
  /** Optional. Resolves when the first attempt to subscribe has succeeded or failed; keeps trying until unsubscribed. */
  subscribe?(listener: ChannelListener): Promise<Unsubscribe>
  /**
   * Optional. Takes or keeps, for `ttlMs` milliseconds, one of `slots` listener slots for `holder`, and answers whether it has one; `ttlMs` 0
   * gives the slot back. A process that has one listens to the store's own hints; the others get hints through the cache. Without this
   * method every process listens to the store. Each store has its own slots; rejects before `open`.
   */
  takeListenerSlot?(holder: string, slots: number, ttlMs: number, call?: Call): Promise<boolean>
  /** Ends what this cache opened itself, never a client that it was given. */
  close(): Promise<void>
}
