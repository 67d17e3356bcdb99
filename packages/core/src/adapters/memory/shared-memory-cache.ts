import type {
  CacheFill,
  CacheRead,
  CacheUpdatedRecord,
  CacheWant,
  ChannelListener,
  Clock,
  FlagCache,
  Unsubscribe,
} from '../../contracts/index.ts'
import { FlagsError } from '../../errors/flags-error.ts'
import { SeenStores } from '../../layers/seen-stores.ts'
import { systemClock } from '../../layers/system-clock.ts'
import { titleOf } from '../../validate/record-key.ts'
import { frozenCopy } from './frozen-copy.ts'
import { NEXT_MICROTASK } from './next-microtask.ts'
import { SharedEntries } from './shared-entries.ts'

const DEFAULT_MAX_ENTRIES = 100_000
const MOST_ENTRIES = 10_000_000

export interface MemoryCacheOptions {
  /** Decides when an entry has expired. Default: the system's. */
  readonly clock?: Clock
  /** The most fences, flags and decisions to hold, together: 1 to 10,000,000, default 100,000. The least recently used goes first. */
  readonly maxEntries?: number
}

/** A space that several memory caches share, as several processes share one Redis. */
export interface SharedMemoryCache {
  /** Another client of this space, which does not know its store yet. */
  connect(): FlagCache
}

/** A new space. Throws `INVALID_OPTIONS` where `maxEntries` is out of its bounds. */
export function sharedMemoryCache({ clock = systemClock, maxEntries = DEFAULT_MAX_ENTRIES }: MemoryCacheOptions = {}): SharedMemoryCache {
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > MOST_ENTRIES) {
    throw new FlagsError('INVALID_OPTIONS', `maxEntries is ${maxEntries}; it must be a whole number from 1 to 10,000,000.`)
  }
  const space = new SharedEntries(clock, maxEntries)
  return { connect: () => new MemoryCache(space) }
}

class MemoryCache implements FlagCache {
  readonly #space: SharedEntries
  #storeId: string | undefined
  #report: ((error: FlagsError) => void) | undefined
  #sharingReportedFor: string | undefined
  readonly #seenStores = new SeenStores()

  constructor(space: SharedEntries) {
    this.#space = space
  }

  async open(storeId: string, report?: (error: FlagsError) => void): Promise<void> {
    await NEXT_MICROTASK
    this.#storeId = storeId
    this.#report = report
  }

  async read(wanted: readonly CacheWant[]): Promise<readonly CacheRead[]> {
    const wants = wanted.map(({ name, decision }) => ({ name, ...(decision && { decision: { ...decision } }) }))
    await NEXT_MICROTASK
    return wants.map((want) => this.#read(want))
  }

  async fill(fills: readonly CacheFill[]): Promise<readonly boolean[]> {
    const kept = frozenCopy(fills)
    await NEXT_MICROTASK
    return kept.map((fill) => this.#space.fill(fill))
  }

  async invalidate(name: string, version: number, updatedRecord?: CacheUpdatedRecord): Promise<'raised' | 'already'> {
    const next = updatedRecord && frozenCopy(updatedRecord)
    await NEXT_MICROTASK
    if (this.#storeId !== undefined) return this.#space.invalidate(this.#storeId, name, version, next)
    throw new FlagsError(
      'CACHE_UNAVAILABLE',
      `${titleOf(name)} cannot be invalidated before the cache knows its store: call open() first.`,
      {
        flag: name,
      },
    )
  }

  async forget(names: readonly string[]): Promise<void> {
    const forgotten = [...names]
    await NEXT_MICROTASK
    for (const name of forgotten) this.#space.forget(name)
  }

  async purge(): Promise<number> {
    await NEXT_MICROTASK
    return this.#space.purge()
  }

  async subscribe(listener: ChannelListener): Promise<Unsubscribe> {
    await NEXT_MICROTASK
    return this.#space.subscribe(listener, (storeId) => this.#storeId === undefined || this.#storeId === storeId)
  }

  async takeListenerSlot(holder: string, slots: number, ttlMs: number): Promise<boolean> {
    await NEXT_MICROTASK
    if (this.#storeId !== undefined) return this.#space.listenerSlots.take(this.#storeId, holder, slots, ttlMs)
    throw new FlagsError('CACHE_UNAVAILABLE', 'No listener slot can be taken before the cache knows its store: call open() first.')
  }

  async close(): Promise<void> {}

  #read(want: CacheWant): CacheRead {
    const found = this.#space.fenceOf(want.name)
    if (this.#storeId === undefined) {
      return found === undefined || !this.#seenStores.accepts(found.storeId, undefined)
        ? NOTHING
        : { token: undefined, fenceVersion: found.version, ...this.#space.counted(found, want) }
    }
    const fence = found?.storeId === this.#storeId ? found : this.#space.installPlaceholder(this.#storeId, want.name)
    if (found !== undefined && found !== fence) this.#reportSharing(found.storeId)
    return { token: fence.token, fenceVersion: fence.version, ...this.#space.counted(fence, want) }
  }

  #reportSharing(storeId: string): void {
    if (this.#sharingReportedFor === this.#storeId) return
    this.#sharingReportedFor = this.#storeId
    const message = `Store ${storeId} uses this cache, too. They never see each other's flags, but evict them: give each store a cache of its own.`
    this.#report?.(new FlagsError('CACHE_SHARED_BY_STORES', message))
  }
}

const NOTHING: CacheRead = { token: undefined, fenceVersion: 0 }
