import { createFlags, type FlagCache, type FlagStore, type Flags } from '@flagstone/core'
import { postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import type { CommitGate } from './commit-gate.ts'
import type { WorkerPlan } from './worker-messages.ts'

/** The client of a worker: a real one, with a gate after each commit and without the channels that its role excludes. */
export function openWorkerClient(plan: WorkerPlan, gate: CommitGate): Flags {
  const { databaseUrl, listenUrl, redisUrl, schema, channels, memory } = plan
  const store = postgresStore({ url: databaseUrl, listenUrl, schema })
  const cache = redisCache({ url: redisUrl })
  return createFlags({
    store: withCommitGate(channels === 'cache' ? withoutWatch(store) : store, gate),
    cache: withoutSeats(channels === 'store' ? withoutSubscribe(cache) : cache),
    memory: memory === false ? false : { maxFlags: memory },
  })
}

function withCommitGate(store: FlagStore, gate: CommitGate): FlagStore {
  return {
    ...store,
    create: (flag, meta, call) => gate.pass(store.create(flag, meta, call)),
    update: (name, patch, meta, call) => gate.pass(store.update(name, patch, meta, call)),
    delete: (name, meta, call) => gate.pass(store.delete(name, meta, call)),
  }
}

function withoutWatch({ watch, ...store }: FlagStore): FlagStore {
  return store
}

function withoutSubscribe(cache: FlagCache): FlagCache {
  return {
    open: (storeId, report) => cache.open(storeId, report),
    read: (wanted, call) => cache.read(wanted, call),
    fill: (fills, call) => cache.fill(fills, call),
    invalidate: (name, version, updatedRecord, call) => cache.invalidate(name, version, updatedRecord, call),
    forget: (names, call) => cache.forget(names, call),
    purge: () => cache.purge(),
    close: () => cache.close(),
  }
}

/** Without listener slots, every process follows the store by the channels of its role. The slots have tests of their own. */
function withoutSeats(cache: FlagCache): FlagCache {
  return new Proxy(cache, {
    get(target, key) {
      const value: unknown = key === 'takeListenerSlot' ? undefined : Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
