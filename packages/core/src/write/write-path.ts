import type { Call, Change, FlagStore, StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { ChangeApplier } from '../history/change-applier.ts'
import type { Background } from '../layers/background.ts'
import type { Compiler } from '../layers/compiler.ts'
import type { Invalidations, Propagation } from '../layers/invalidations.ts'
import type { StoreLayer } from '../layers/store-layer.ts'
import { titleOf } from '../validate/record-key.ts'

/** A change, and whether the shared cache knows. */
export interface Committed {
  readonly change: Change
  readonly propagation: Propagation
}

/** commit → floor → invalidate → hint */
export class WritePath {
  readonly #store: StoreLayer
  readonly #catchUp: CatchUp
  readonly #changeApplier: ChangeApplier
  readonly #invalidations: Invalidations
  readonly #background: Background
  readonly #compiler: Compiler

  constructor(
    store: StoreLayer,
    catchUp: CatchUp,
    changeApplier: ChangeApplier,
    invalidations: Invalidations,
    compiler: Compiler,
    background: Background,
  ) {
    this.#compiler = compiler
    this.#background = background
    this.#store = store
    this.#catchUp = catchUp
    this.#changeApplier = changeApplier
    this.#invalidations = invalidations
  }

  /** Rejects where the store did not commit, or did not say; never because of the cache. */
  async commit(name: string, write: (store: FlagStore, call: Call) => Promise<Change>): Promise<Committed> {
    return await this.#background.shared(async () => {
      if (!this.#catchUp.current) await this.#catchUp.begun()
      // Before the commit: whoever raises the fence for a later change does so after this, and then nothing of this one follows.
      const token = await this.#invalidations.before(name)
      const change = await this.#write(name, write)
      await this.#compiler.prepare([change.after])
      this.#catchUp.committed(name, change.version)
      this.#changeApplier.committed(change)
      return { change, propagation: await this.#invalidations.raise(change, token) }
    })
  }

  /** What somebody else wrote, once this process knows of it: from here on it does not answer older. */
  async heardOf<T extends StoredRecord>(record: T | null): Promise<T | null> {
    if (record !== null) await this.#catchUp.reach(record.version)
    return record
  }

  async #write(name: string, write: (store: FlagStore, call: Call) => Promise<Change>): Promise<Change> {
    try {
      return await this.#store.administer(titleOf(name), write)
    } catch (error) {
      // It may have been committed all the same; the log knows.
      if (error instanceof FlagsError && MAY_BE_COMMITTED.has(error.code)) this.#catchUp.request()
      throw error
    }
  }
}

const MAY_BE_COMMITTED: ReadonlySet<string> = new Set(['STORE_TIMEOUT', 'STORE_UNAVAILABLE'])
