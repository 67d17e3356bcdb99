import { sharedMemoryCache } from '../../src/adapters/memory/shared-memory-cache.ts'
import { cacheCases } from '../../src/conformance/index.ts'
import type { CacheRead, FlagCache } from '../../src/contracts/index.ts'
import { ManualClock } from '../manual-clock.ts'
import { forwardingCache, type SubscribedCache } from './forwarding-adapters.ts'
import { runFailingCase } from './run-failing-case.ts'

/** The methods that a broken client overrides, given a correct one. */
export type Break = (cache: SubscribedCache) => Partial<FlagCache>

export interface CacheDefect {
  /** What is wrong, as a clause after "a cache that". */
  readonly that: string
  /** A case that must fail. */
  readonly fails: string
  /** Called once for each fixture; its result is called once for each client. */
  readonly broken: () => Break
}

/** Reads one flag. */
export async function current(cache: FlagCache, name: string): Promise<CacheRead> {
  const [read] = await cache.read([{ name }])
  return read as CacheRead
}

/** What the defect's case fails with, or `undefined` where it passes. */
export function caught({ fails, broken }: CacheDefect): Promise<unknown> {
  const cases = cacheCases({
    async open() {
      const clock = new ManualClock()
      const space = sharedMemoryCache({ clock })
      const override = broken()
      const client = (): FlagCache => {
        const cache = forwardingCache(space.connect())
        return { ...cache, ...override(cache) }
      }
      return { cache: client(), peer: async () => client(), advance: (ms) => clock.advance(ms), end: async () => {} }
    },
  })
  return runFailingCase(cases, fails)
}
