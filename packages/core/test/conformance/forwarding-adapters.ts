import type { ChannelListener, FlagCache, FlagStore } from '../../src/contracts/index.ts'

/** A store with `watch` and with uses, as the memory store is. */
export type WatchedStore = FlagStore & Required<Pick<FlagStore, 'watch' | 'noteUses' | 'lastUses'>>

/** A cache with `subscribe`, as the memory cache is. */
export type SubscribedCache = Required<FlagCache>

/** The same store in an object that can be spread and overridden. */
export function forwardingStore(store: FlagStore): WatchedStore {
  return {
    head: (call) => store.head(call),
    load: (names, call) => store.load(names, call),
    loadAll: (call, page) => store.loadAll(call, page),
    changesSince: (cursor, call, limit) => store.changesSince(cursor, call, limit),
    create: (flag, meta, call) => store.create(flag, meta, call),
    update: (name, patch, meta, call) => store.update(name, patch, meta, call),
    delete: (name, meta, call) => store.delete(name, meta, call),
    segments: {
      create: (segment, meta, call) => store.segments.create(segment, meta, call),
      update: (name, patch, meta, call) => store.segments.update(name, patch, meta, call),
      delete: (name, meta, call) => store.segments.delete(name, meta, call),
    },
    changes: (page, call) => store.changes(page, call),
    history: (name, page, call) => store.history(name, page, call),
    prune: (days) => store.prune(days),
    noteUses: (uses, call) => (store as WatchedStore).noteUses(uses, call),
    lastUses: (call) => (store as WatchedStore).lastUses(call),
    watch: (listener: ChannelListener) => (store as WatchedStore).watch(listener),
    close: () => store.close(),
  }
}

/** The same cache in an object that can be spread and overridden. */
export function forwardingCache(cache: FlagCache): SubscribedCache {
  return {
    open: (storeId, report) => cache.open(storeId, report),
    read: (wanted, call) => cache.read(wanted, call),
    fill: (fills, call) => cache.fill(fills, call),
    invalidate: (name, version, updatedRecord, call) => cache.invalidate(name, version, updatedRecord, call),
    forget: (names, call) => cache.forget(names, call),
    purge: () => cache.purge(),
    subscribe: (listener: ChannelListener) => (cache as SubscribedCache).subscribe(listener),
    takeListenerSlot: (holder, slots, ttlMs, call) => (cache as SubscribedCache).takeListenerSlot(holder, slots, ttlMs, call),
    close: () => cache.close(),
  }
}
