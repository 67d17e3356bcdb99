import type { FlagStore } from '@flagstone/core'
import { around } from '../../core/test/client-fleet.ts'

/** A store whose reads fail while `isFailing` is set. */
export interface FailingStore {
  readonly store: FlagStore
  isFailing: boolean
  /** What its reads reject with while it fails. */
  error: unknown
  /** From now on reads are answered by `backup`, as after a restore. */
  restore(backup: FlagStore): void
}

type Read = 'head' | 'load' | 'loadAll' | 'changesSince'

export function failingStore(below: FlagStore, { isFailing = false, error = new Error('away') as unknown } = {}): FailingStore {
  let current = below
  const reads =
    (method: Read) =>
    (_: unknown, ...args: unknown[]): Promise<unknown> => {
      if (state.isFailing) return Promise.reject(state.error)
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
  const state: FailingStore = { store, isFailing, error, restore }
  return state
}
