import type { Loaded } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { StoreLayer } from './store-layer.ts'

/** Reads the store's replica, and refuses one that belongs to another store. */
export class StoreReplica {
  readonly #store: StoreLayer
  readonly #isOurs: (storeId: string) => boolean
  readonly #report: (error: FlagsError) => void
  /** The other store that was reported last. */
  #reportedStoreId: string | undefined

  constructor(store: StoreLayer, isOurs: (storeId: string) => boolean, report: (error: FlagsError) => void) {
    this.#store = store
    this.#isOurs = isOurs
    this.#report = report
  }

  /** `undefined` where there is no replica, it fails, or it belongs to another store. Never rejects. */
  load(names: readonly string[]): Promise<Loaded | undefined> {
    return this.#ask(() => this.#store.loadFromReplica(names))
  }

  /** As `load`, for all flags and segments. */
  loadAll(): Promise<Loaded | undefined> {
    return this.#ask(() => this.#store.loadAllFromReplica())
  }

  /** What a replica has loaded; `undefined`, and reported, if it belongs to another store. */
  accept(loaded: Loaded): Loaded | undefined {
    if (this.#isOurs(loaded.storeId)) return loaded
    this.#reportOtherStore(loaded.storeId)
    return undefined
  }

  async #ask(load: () => Promise<Loaded | undefined>): Promise<Loaded | undefined> {
    try {
      const loaded = await load()
      return loaded && this.accept(loaded)
    } catch (error) {
      this.#report(error as FlagsError)
    }
    return undefined
  }

  #reportOtherStore(storeId: string): void {
    if (storeId === this.#reportedStoreId) return
    this.#reportedStoreId = storeId
    const message = `The store's replica is of another store, ${storeId}: nothing is answered from it. Point it at a replica of the same database.`
    this.#report(new FlagsError('REPLICA_OF_OTHER_STORE', message))
  }
}
