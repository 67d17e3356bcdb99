import { type FlagStore, memoryStore } from '@flagstone/core'
import type { FlagValue } from './flag-value.ts'

/** How long a read of the source of truth takes, in milliseconds. */
const LOAD_MS = 20

/** The source of truth. It is slow and always right, and tests can hold its reads before they return. */
export class SourceOfTruth {
  readonly #key: string
  readonly #store: FlagStore
  #held: Promise<void> | undefined
  #onLoad: () => void = () => undefined

  constructor(key: string, value: FlagValue) {
    this.#key = key
    this.#store = memoryStore({ flags: [{ name: key, rollout: value.rollout }] })
  }

  async read(): Promise<FlagValue> {
    const { flags } = await this.slowStore.load([this.#key])
    const flag = flags.get(this.#key)
    if (!flag || flag instanceof Error || !('rollout' in flag)) throw new Error(`${this.#key} is gone`)
    return { rollout: flag.rollout }
  }

  async write({ rollout }: FlagValue): Promise<void> {
    await this.#store.update(this.#key, { rollout })
  }

  /** The source of truth as a store for Flagstone. It sends no hints, so Flagstone, like the others, only has the bus of Redis. */
  get slowStore(): FlagStore {
    const store = this.#store
    return {
      head: (call) => store.head(call),
      load: async (names, call) => {
        const loaded = await store.load(names, call)
        this.#onLoad()
        await new Promise((resolve) => setTimeout(resolve, LOAD_MS))
        await this.#held
        return loaded
      },
      loadAll: (call) => store.loadAll(call),
      changesSince: (cursor, call) => store.changesSince(cursor, call),
      create: (flag, meta, call) => store.create(flag, meta, call),
      update: (name, patch, meta, call) => store.update(name, patch, meta, call),
      delete: (name, meta, call) => store.delete(name, meta, call),
      segments: store.segments,
      changes: (page, call) => store.changes(page, call),
      history: (name, page, call) => store.history(name, page, call),
      prune: (days, call) => store.prune(days, call),
      close: async () => undefined,
    }
  }

  /** Holds every read, running or new, until `release`. `loading` resolves when a read has the value that it will return. */
  holdReads(): { readonly loading: Promise<void>; release(): void } {
    let release: () => void = () => undefined
    this.#held = new Promise((resolve) => {
      release = () => {
        this.#held = undefined
        resolve()
      }
    })
    const loading = new Promise<void>((resolve) => {
      this.#onLoad = resolve
    })
    return { loading, release }
  }
}
