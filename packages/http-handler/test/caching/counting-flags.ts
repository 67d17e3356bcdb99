import type { FlagSnapshot, Flags, SnapshotOptions } from '@flagstone/core'
import type { HandlerFixture } from '../handler-fixture.ts'

/** A client that counts what it is asked to evaluate. */
export interface CountingFlags {
  readonly flags: Flags
  readonly evaluations: () => number
}

export function countingFlags(site: HandlerFixture): CountingFlags {
  let evaluations = 0
  const count = <T extends object>(target: T, counts: readonly PropertyKey[], others: Partial<T> = {}): T =>
    new Proxy(target, {
      get(_, key) {
        const value = Reflect.get(others, key) ?? (Reflect.get(target, key) as unknown)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (counts.includes(key)) evaluations++
          return (value as (...args: unknown[]) => unknown).apply(target, args)
        }
      },
    })
  // The same object as long as nothing changed, as the client's own is.
  const taken = new WeakMap<FlagSnapshot, FlagSnapshot>()
  const snapshot = async (options?: SnapshotOptions): Promise<FlagSnapshot> => {
    const own = await site.flags.snapshot(options)
    const found = taken.get(own) ?? count(own, ['evaluate', 'evaluateAll', 'value', 'isEnabled'])
    taken.set(own, found)
    return found
  }
  return { flags: count(site.flags, ['evaluate', 'value', 'isEnabled'], { snapshot }), evaluations: () => evaluations }
}
