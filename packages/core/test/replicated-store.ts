import type { FlagStore, Loaded } from '../src/index.ts'
import { around, gate } from './client-fleet.ts'

type Health = 'up' | 'down' | 'hung'

/** A store with a replica, as one process reaches them. */
export interface Replicated {
  /** Counts its calls; `loadFromReplica` and `loadAllFromReplica` are those of the replica. */
  readonly store: FlagStore & { readonly calls: Record<string, number> }
  /** How each answers: `'down'` rejects, `'hung'` never answers. */
  primary: Health
  replica: Health
  /** The names that the replica was asked for, by query; `'all'` where it was asked for everything. */
  readonly asked: (readonly string[] | 'all')[]
  /** Replaces what the replica would answer. */
  instead: ((loaded: Loaded) => Loaded | Promise<Loaded>) | undefined
  /** Lets the replica catch up; it never does so by itself. */
  catchUp(): Promise<void>
}

/** `inner` with a replica. Other processes still reach `inner` itself. The store sends no hints. */
export function replicated(inner: FlagStore): Replicated {
  const never = gate().opened as Promise<never>
  const callWhen = <T>(health: Health, call: () => Promise<T>): Promise<T> => {
    if (health === 'hung') return never
    return health === 'down' ? Promise.reject(new Error('connection refused')) : call()
  }
  let copy = inner.loadAll()
  const store: FlagStore = {
    prune: (days, call) => inner.prune(days, call),
    close: () => inner.close(),
    head: (call) => callWhen(state.primary, () => inner.head(call)),
    load: (names, call) => callWhen(state.primary, () => inner.load(names, call)),
    loadAll: (call) => callWhen(state.primary, () => inner.loadAll(call)),
    changesSince: (cursor, call) => callWhen(state.primary, () => inner.changesSince(cursor, call)),
    changes: (page, call) => callWhen(state.primary, () => inner.changes(page, call)),
    history: (name, page, call) => callWhen(state.primary, () => inner.history(name, page, call)),
    create: (flag, meta, call) => callWhen(state.primary, () => inner.create(flag, meta, call)),
    update: (name, patch, meta, call) => callWhen(state.primary, () => inner.update(name, patch, meta, call)),
    delete: (name, meta, call) => callWhen(state.primary, () => inner.delete(name, meta, call)),
    segments: {
      create: (segment, meta, call) => callWhen(state.primary, () => inner.segments.create(segment, meta, call)),
      update: (name, patch, meta, call) => callWhen(state.primary, () => inner.segments.update(name, patch, meta, call)),
      delete: (name, meta, call) => callWhen(state.primary, () => inner.segments.delete(name, meta, call)),
    },
    loadAllFromReplica: async () => {
      state.asked.push('all')
      return await callWhen(state.replica, async () => await (state.instead?.(await copy) ?? copy))
    },
    loadFromReplica: async (names) => {
      state.asked.push(names)
      return await callWhen(state.replica, async () => {
        const { storeId, asOf, flags } = await copy
        const loaded = { storeId, asOf, flags: new Map(names.map((name) => [name, flags.get(name) ?? null])) }
        return await (state.instead?.(loaded) ?? loaded)
      })
    },
  }
  const state: Replicated = {
    store: around(store),
    primary: 'up',
    replica: 'up',
    asked: [],
    instead: undefined,
    async catchUp() {
      copy = inner.loadAll()
      await copy
    },
  }
  return state
}
