import type { Clock, FlagRecord, FlagStore, Loaded, LoadedRecord, NewFlag } from '../contracts/index.ts'
import { contentOf, type FlagContent } from '../validate/flag-content.ts'

type Layer = ReadonlyMap<string, FlagContent>

/** A store whose flags look otherwise for a while: what is read through it has the overrides laid over it, what is written has not. */
export class OverrideStore {
  readonly store: FlagStore
  readonly #clock: Clock
  readonly #layers: Layer[] = []
  #moves = 0

  constructor(below: FlagStore, clock: Clock) {
    this.#clock = clock
    this.store = {
      ...forwarding(below),
      load: async (names) => this.#over(await below.load(names), names),
      loadAll: async () => {
        const loaded = await below.loadAll()
        const names = new Set([...loaded.flags.keys(), ...this.#layers.flatMap((layer) => [...layer.keys()])])
        return { ...loaded, ...this.#over(loaded, [...names]) }
      },
    }
  }

  /** Lays these flags over all that lie there; the result takes them away again, and may be called twice. */
  lay(flags: readonly NewFlag[]): () => void {
    const layer: Layer = new Map(flags.map((flag) => [flag.name, contentOf(flag)]))
    this.#layers.push(layer)
    this.#moves++
    return () => {
      const place = this.#layers.indexOf(layer)
      if (place < 0) return
      this.#layers.splice(place, 1)
      this.#moves++
    }
  }

  /** Another whenever what is read through it may be another. */
  async state(): Promise<string> {
    const { cursor } = await this.store.head()
    return `${cursor.version}.${this.#moves}`
  }

  #over(loaded: Loaded, names: readonly string[]): Loaded {
    const flags = new Map<string, LoadedRecord>()
    for (const name of names) flags.set(name, this.#overridden(name, loaded.asOf) ?? loaded.flags.get(name) ?? null)
    return { ...loaded, flags }
  }

  #overridden(name: string, version: number): FlagRecord | undefined {
    const content = this.#layers.findLast((layer) => layer.has(name))?.get(name)
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
