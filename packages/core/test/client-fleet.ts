import { memoryStore } from '../src/adapters/memory/memory-store.ts'
import { sharedMemoryCache } from '../src/adapters/memory/shared-memory-cache.ts'
import { createFlags, type FlagCache, type FlagStore, type Flags, type FlagsError, type FlagsOptions } from '../src/index.ts'
import { ManualClock } from './manual-clock.ts'

type Method<T, K extends keyof T> = Extract<T[K], (...args: never[]) => unknown>
type Around<T> = { readonly [K in keyof T]?: (next: Method<T, K>, ...args: Parameters<Method<T, K>>) => ReturnType<Method<T, K>> }

/** `target`, with the given methods running around its own, and a count of the calls of each method. */
export function around<T extends object>(target: T, wrappers: Around<T> = {}): T & { readonly calls: Record<string, number> } {
  const calls: Record<string, number> = {}
  const wrapperOf = wrappers as Record<string, ((next: unknown, ...args: unknown[]) => unknown) | undefined>
  return new Proxy(target, {
    get(_, key) {
      if (key === 'calls') return calls
      const value = Reflect.get(target, key) as unknown
      if (typeof value !== 'function' || typeof key !== 'string') return value
      const own = value.bind(target) as unknown
      return (...args: unknown[]) => {
        calls[key] = (calls[key] ?? 0) + 1
        return wrapperOf[key]?.(own, ...args) ?? (own as (...args: unknown[]) => unknown)(...args)
      }
    },
  }) as T & { readonly calls: Record<string, number> }
}

/** A promise that resolves when the test calls `open`. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** One store, one shared cache, one clock, and as many processes as a test needs. */
export class Fleet {
  readonly clock = new ManualClock()
  readonly store: FlagStore = memoryStore({ clock: this.clock })
  readonly #space = sharedMemoryCache({ clock: this.clock })
  readonly errors: FlagsError[] = []
  readonly #clients: Flags[] = []

  /** A new client of the shared cache, as a process has it. */
  cache(): FlagCache {
    return this.#space.connect()
  }

  /** A process, by default with every layer and with hints. */
  client(options: Partial<FlagsOptions> = {}): Flags {
    const client = createFlags({
      store: this.store,
      cache: this.cache(),
      clock: this.clock,
      onError: (error) => this.errors.push(error),
      ...options,
    })
    this.#clients.push(client)
    return client
  }

  /** A process without hints: it learns of a change only when it asks. */
  deaf(options: Partial<FlagsOptions> = {}): Flags {
    const { store = this.store, cache = this.cache(), ...others } = options
    return this.client({ ...others, store: unwatched(store), cache: unwatched(cache) })
  }

  get codes(): string[] {
    return this.errors.map((error) => error.code)
  }

  async end(): Promise<void> {
    await this.clock.until(Promise.all(this.#clients.map((client) => client.close())))
  }
}

/** The same adapter, without its hint channel. */
export function unwatched<T extends object>(adapter: T): T {
  return new Proxy(adapter, {
    get(target, key) {
      if (key === 'watch' || key === 'subscribe') return undefined
      const value = Reflect.get(target, key) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
