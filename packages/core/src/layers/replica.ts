import type { Loaded } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { StoreLayer } from './store-layer.ts'

/** The store's replica, as far as it is one of this store. */
export class Replica {
  readonly #store: StoreLayer
  readonly #isOurs: (storeId: string) => boolean
  readonly #report: (error: FlagsError) => void
  /** The other store whose replica was told of. */
  #strangerId: string | undefined

  constructor(store: StoreLayer, isOurs: (storeId: string) => boolean, report: (error: FlagsError) => void) {
    this.#store = store
    this.#isOurs = isOurs
    this.#report = report
  }

  /** Nothing where there is no replica, or none that may answer. Never rejects. */
  load(names: readonly string[]): Promise<Loaded | undefined> {
    return this.#ask(() => this.#store.loadFromReplica(names))
  }

  /** The same of all flags and segments. */
  loadAll(): Promise<Loaded | undefined> {
    return this.#ask(() => this.#store.loadAllFromReplica())
  }

  async #ask(load: () => Promise<Loaded | undefined>): Promise<Loaded | undefined> {
    try {
      const loaded = await load()
      if (loaded === undefined || this.#isOurs(loaded.storeId)) return loaded
      this.#tellOf(loaded.storeId)
    } catch (error) {
      this.#report(error as FlagsError)
    }
    return undefined
  }

  #tellOf(strangerId: string): void {
    if (strangerId === this.#strangerId) return
    this.#strangerId = strangerId
    const message = `The store's replica is of another store, ${strangerId}: nothing is answered from it. Point it at a replica of the same database.`
    this.#report(new FlagsError('REPLICA_OF_OTHER_STORE', message))
  }
}
