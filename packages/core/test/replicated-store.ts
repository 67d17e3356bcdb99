import type { FlagStore, Loaded } from '../src/index.ts'
import { around, gate } from './fleet.ts'

type Health = 'up' | 'down' | 'hung'

/** A store with a replica, as one process reaches them. */
export interface Replicated {
  /** Counts its calls: `loadFromReplica` are those of the replica. */
  readonly store: FlagStore & { readonly calls: Record<string, number> }
  /** Each can be taken away: `'down'` rejects, `'hung'` never answers. */
  primary: Health
  replica: Health
  /** The names that the replica was asked for, query by query; `'all'` where it was asked for everything. */
  readonly asked: (readonly string[] | 'all')[]
  /** What the replica answers instead of what it has. */
  instead: ((loaded: Loaded) => Loaded | Promise<Loaded>) | undefined
  /** The replica catches up; by itself it stands still. */
  catchUp(): Promise<void>
}

/** Other processes go on reaching `inner`. It sends no hints. */
export function replicated(inner: FlagStore): Replicated {
  const never = gate().opened as Promise<never>
  const through = <T>(health: Health, call: () => Promise<T>): Promise<T> => {
    if (health === 'hung') return never
    return health === 'down' ? Promise.reject(new Error('connection refused')) : call()
  }
  let copy = inner.loadAll()
  const store: FlagStore = {
    prune: (days, call) => inner.prune(days, call),
    close: () => inner.close(),
    head: (call) => through(pair.primary, () => inner.head(call)),
    load: (names, call) => through(pair.primary, () => inner.load(names, call)),
    loadAll: (call) => through(pair.primary, () => inner.loadAll(call)),
    changesSince: (cursor, call) => through(pair.primary, () => inner.changesSince(cursor, call)),
    changes: (page, call) => through(pair.primary, () => inner.changes(page, call)),
    history: (name, page, call) => through(pair.primary, () => inner.history(name, page, call)),
    create: (flag, meta, call) => through(pair.primary, () => inner.create(flag, meta, call)),
    update: (name, patch, meta, call) => through(pair.primary, () => inner.update(name, patch, meta, call)),
    delete: (name, meta, call) => through(pair.primary, () => inner.delete(name, meta, call)),
    segments: {
      create: (segment, meta, call) => through(pair.primary, () => inner.segments.create(segment, meta, call)),
      update: (name, patch, meta, call) => through(pair.primary, () => inner.segments.update(name, patch, meta, call)),
      delete: (name, meta, call) => through(pair.primary, () => inner.segments.delete(name, meta, call)),
    },
    loadAllFromReplica: async () => {
      pair.asked.push('all')
      return await through(pair.replica, async () => await (pair.instead?.(await copy) ?? copy))
    },
    loadFromReplica: async (names) => {
      pair.asked.push(names)
      return await through(pair.replica, async () => {
        const { storeId, asOf, flags } = await copy
        const loaded = { storeId, asOf, flags: new Map(names.map((name) => [name, flags.get(name) ?? null])) }
        return await (pair.instead?.(loaded) ?? loaded)
      })
    },
  }
  const pair: Replicated = {
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
  return pair
}
