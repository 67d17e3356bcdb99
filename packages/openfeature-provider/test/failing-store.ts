import type { FlagStore } from '@flagstone/core'
import { around } from '../../core/test/world.ts'

/** A store that can be taken away and given back. */
export interface Fragile {
  readonly store: FlagStore
  away: boolean
  /** What it fails with while it is away. */
  trouble: unknown
  /** From now on it is what a backup of it would be. */
  restore(backup: FlagStore): void
}

type Read = 'head' | 'load' | 'loadAll' | 'changesSince'

export function fragile(below: FlagStore, { away = false, trouble = new Error('away') as unknown } = {}): Fragile {
  let current = below
  const reads =
    (method: Read) =>
    (_: unknown, ...args: unknown[]): Promise<unknown> => {
      if (state.away) return Promise.reject(state.trouble)
      return (current[method] as (...args: unknown[]) => Promise<unknown>).apply(current, args)
    }
  const store = around(below, {
    head: reads('head'),
    load: reads('load'),
    loadAll: reads('loadAll'),
    changesSince: reads('changesSince'),
  } as never)
  const restore = (backup: FlagStore): void => {
    current = backup
  }
  const state: Fragile = { store, away, trouble, restore }
  return state
}
