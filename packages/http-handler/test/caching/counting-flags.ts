import type { FlagSnapshot, Flags, SnapshotOptions } from '@flagstone/core'
import type { HandlerFixture } from '../handler-fixture.ts'

/** A client that counts its evaluations. */
export interface CountingFlags {
  readonly flags: Flags
  readonly evaluations: () => number
}

export function countingFlags(fixture: HandlerFixture): CountingFlags {
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
  // The same object while nothing changes, like the client's own snapshot.
  const taken = new WeakMap<FlagSnapshot, FlagSnapshot>()
  const snapshot = async (options?: SnapshotOptions): Promise<FlagSnapshot> => {
    const own = await fixture.flags.snapshot(options)
    const found = taken.get(own) ?? count(own, ['evaluate', 'evaluateAll', 'value', 'isEnabled'])
    taken.set(own, found)
    return found
  }
  return { flags: count(fixture.flags, ['evaluate', 'value', 'isEnabled'], { snapshot }), evaluations: () => evaluations }
}
