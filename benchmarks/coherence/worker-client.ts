import { createFlags, type FlagCache, type FlagStore, type Flags } from '@flagstone/core'
import { postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import type { ChannelUptime } from './channel-uptime.ts'
import type { WorkerPlan } from './worker-messages.ts'

/** A client whose hint channels use their own connections, so that they can be cut while queries still work. */
export function openWorkerClient({ schema, databaseUrl, redisUrl, listenUrl, subscribeUrl }: WorkerPlan, uptime: ChannelUptime): Flags {
  const store = postgresStore({ url: databaseUrl, listenUrl, schema })
  const cache = redisCache({ url: redisUrl })
  const bus = subscribeUrl === redisUrl ? cache : redisCache({ url: subscribeUrl })
  return createFlags({ store: observeWatch(store, uptime), cache: withSubscriptionOf(cache, bus, uptime) })
}

function observeWatch(store: FlagStore, uptime: ChannelUptime): FlagStore {
  return { ...store, watch: uptime.observe(async (listener) => (await store.watch?.(listener)) ?? nothing) }
}

/** `cache` with the subscription of `bus`. */
function withSubscriptionOf(cache: FlagCache, bus: FlagCache, uptime: ChannelUptime): FlagCache {
  const both = new Set([cache, bus])
  return {
    open: async (storeId, report) => void (await Promise.all([...both].map((each) => each.open(storeId, report)))),
    read: (wanted, call) => cache.read(wanted, call),
    fill: (fills, call) => cache.fill(fills, call),
    invalidate: (name, version, updatedRecord, call) => cache.invalidate(name, version, updatedRecord, call),
    forget: (names, call) => cache.forget(names, call),
    purge: () => cache.purge(),
    subscribe: uptime.observe(async (listener) => (await bus.subscribe?.(listener)) ?? nothing),
    takeListenerSlot: async (holder, slots, ttlMs, call) => (await cache.takeListenerSlot?.(holder, slots, ttlMs, call)) ?? true,
    close: async () => void (await Promise.all([...both].map((each) => each.close()))),
  }
}

async function nothing(): Promise<void> {}
