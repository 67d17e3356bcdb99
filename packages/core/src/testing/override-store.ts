import type { Clock, FlagRecord, FlagStore, Loaded, LoadedRecord, NewFlag } from '../contracts/index.ts'
import { contentOf, type FlagContent } from '../validate/flag-content.ts'

type Overrides = ReadonlyMap<string, FlagContent>

/** A store with temporary overrides: reads show them, writes go to the store below. */
export class OverrideStore {
  readonly store: FlagStore
  readonly #clock: Clock
  readonly #active: Overrides[] = []
  #revision = 0

  constructor(base: FlagStore, clock: Clock) {
    this.#clock = clock
    this.store = {
      ...forwarding(base),
      load: async (names) => this.#overlaid(await base.load(names), names),
      loadAll: async () => {
        const loaded = await base.loadAll()
        const names = new Set([...loaded.flags.keys(), ...this.#active.flatMap((overrides) => [...overrides.keys()])])
        return { ...loaded, ...this.#overlaid(loaded, [...names]) }
      },
    }
  }

  /** Adds overrides, which go before earlier ones; the result removes them, and may be called twice. */
  override(flags: readonly NewFlag[]): () => void {
    const overrides: Overrides = new Map(flags.map((flag) => [flag.name, contentOf(flag)]))
    this.#active.push(overrides)
    this.#revision++
    return () => {
      const index = this.#active.indexOf(overrides)
      if (index < 0) return
      this.#active.splice(index, 1)
      this.#revision++
    }
  }

  /** Differs whenever reads may answer something else. */
  async state(): Promise<string> {
    const { cursor } = await this.store.head()
    return `${cursor.version}.${this.#revision}`
  }

  #overlaid(loaded: Loaded, names: readonly string[]): Loaded {
    const flags = new Map<string, LoadedRecord>()
    for (const name of names) flags.set(name, this.#overridden(name, loaded.asOf) ?? loaded.flags.get(name) ?? null)
    return { ...loaded, flags }
  }

  #overridden(name: string, version: number): FlagRecord | undefined {
    const content = this.#active.findLast((overrides) => overrides.has(name))?.get(name)
    if (content === undefined) return undefined
    const at = new Date(this.#clock.now()).toISOString()
    return { ...content, version, createdAt: at, updatedAt: at }
  }
}

function forwarding(store: FlagStore): FlagStore {
  return {
    segments: store.segments,
    head: () => store.head(),
    load: (names) => store.load(names),
    loadAll: () => store.loadAll(),
    changesSince: (cursor) => store.changesSince(cursor),
    create: (flag, meta) => store.create(flag, meta),
    update: (name, patch, meta) => store.update(name, patch, meta),
    delete: (name, meta) => store.delete(name, meta),
    changes: (page) => store.changes(page),
    history: (name, page) => store.history(name, page),
    prune: (days) => store.prune(days),
    close: () => store.close(),
  }
}
