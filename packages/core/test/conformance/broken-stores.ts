import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import { storeCases } from '../../src/conformance/index.ts'
import type { FlagStore } from '../../src/contracts/index.ts'
import { forwardingStore, type WatchedStore } from './forwarding-adapters.ts'
import { runFailingCase } from './run-failing-case.ts'

export interface StoreDefect {
  /** What is wrong, as a clause after "a store that". */
  readonly that: string
  /** A case that must fail. */
  readonly fails: string
  /** The methods that the broken store overrides, given a correct one. */
  readonly broken: (store: WatchedStore) => Partial<FlagStore>
}

/** What the defect's case fails with, or `undefined` where it passes. */
export function caught({ fails, broken }: StoreDefect): Promise<unknown> {
  const cases = storeCases({
    async open() {
      const inner = forwardingStore(memoryStore())
      const store = { ...inner, ...broken(inner) }
      return { store, peer: async () => store, end: async () => {} }
    },
  })
  return runFailingCase(cases, fails)
}
