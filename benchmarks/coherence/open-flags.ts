import { createFlags, type FlagCache, type FlagStore, type Flags } from '@flagstone/core'
import { postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import type { Hearing } from './hearing.ts'
import type { Plan } from './protocol.ts'

/** A client whose hint channels have ways of their own, so that they can be cut while its queries go through. */
export function openFlags({ schema, databaseUrl, redisUrl, listenUrl, subscribeUrl }: Plan, hearing: Hearing): Flags {
  const store = postgresStore({ url: databaseUrl, listenUrl, schema })
  const cache = redisCache({ url: redisUrl })
  const bus = subscribeUrl === redisUrl ? cache : redisCache({ url: subscribeUrl })
  return createFlags({ store: watched(store, hearing), cache: subscribed(cache, bus, hearing) })
}

function watched(store: FlagStore, hearing: Hearing): FlagStore {
  return { ...store, watch: hearing.over(async (listener) => (await store.watch?.(listener)) ?? nothing) }
}

/** `cache` with the subscription of `bus`. */
function subscribed(cache: FlagCache, bus: FlagCache, hearing: Hearing): FlagCache {
  const both = new Set([cache, bus])
  return {
    open: async (storeId, report) => void (await Promise.all([...both].map((each) => each.open(storeId, report)))),
    read: (wanted, call) => cache.read(wanted, call),
    fill: (fills, call) => cache.fill(fills, call),
    invalidate: (name, version, successor, call) => cache.invalidate(name, version, successor, call),
    forget: (names, call) => cache.forget(names, call),
    purge: () => cache.purge(),
    subscribe: hearing.over(async (listener) => (await bus.subscribe?.(listener)) ?? nothing),
    takeListenerSlot: async (holder, slots, ttlMs, call) => (await cache.takeListenerSlot?.(holder, slots, ttlMs, call)) ?? true,
    close: async () => void (await Promise.all([...both].map((each) => each.close()))),
  }
}

async function nothing(): Promise<void> {}
