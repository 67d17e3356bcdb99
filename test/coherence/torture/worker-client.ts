import { setTimeout as sleep } from 'node:timers/promises'
import { type Change, createFlags, type FlagCache, type FlagStore, type Flags } from '@flagstone/core'
import { postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import type { WorkerPlan } from './worker-messages.ts'

/** Where a write can be held up: it is committed, and nothing else has happened yet, as if its acknowledgement were late. */
export class CommitGate {
  readonly #onCommitted: (version: number) => void
  readonly #onStalled: (version: number) => void
  #forMs: number | null | undefined

  constructor(onCommitted: (version: number) => void, onStalled: (version: number) => void) {
    this.#onCommitted = onCommitted
    this.#onStalled = onStalled
  }

  /** Holds up the next write for so long, or for ever. */
  arm(forMs: number | null): void {
    this.#forMs = forMs
  }

  async pass(committed: Promise<Change>): Promise<Change> {
    const change = await committed
    this.#onCommitted(change.version)
    const forMs = this.#forMs
    this.#forMs = undefined
    if (forMs === undefined) return change
    this.#onStalled(change.version)
    await (forMs === null ? new Promise<never>(() => undefined) : sleep(forMs))
    return change
  }
}

/** The client under torture: the real one, but for a gate after the commit and the channels that its role leaves out. */
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
    invalidate: (name, version, successor, call) => cache.invalidate(name, version, successor, call),
    forget: (names, call) => cache.forget(names, call),
    purge: () => cache.purge(),
    close: () => cache.close(),
  }
}

/** Every process follows the store by the channels of its role: which of a fleet do so has tests of its own. */
function withoutSeats(cache: FlagCache): FlagCache {
  return new Proxy(cache, {
    get(target, key) {
      const value: unknown = key === 'seat' ? undefined : Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
