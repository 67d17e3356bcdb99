import type { FlagCache } from '../../contracts/index.ts'
import { type MemoryCacheOptions, sharedMemoryCache } from './shared-memory-cache.ts'

export type { MemoryCacheOptions } from './shared-memory-cache.ts'

/**
 * A cache in this process's memory: for unit tests, and for apps that run without Redis. It fulfils the whole contract, with the same fences
 * and times as Redis. It stores and returns deeply frozen copies.
 *
 * Several clients of one store may share it: `close()` ends nothing, as the cache opens nothing. Two caches share nothing. Throws
 * `INVALID_OPTIONS` where `maxEntries` is out of its bounds.
 */
export function memoryCache(options: MemoryCacheOptions = {}): FlagCache {
  return sharedMemoryCache(options).connect()
}
