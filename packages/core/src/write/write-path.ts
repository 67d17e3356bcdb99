import type { Call, Change, FlagStore, StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { ChangeApplier } from '../history/change-applier.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
import type { Compiler } from '../layers/compiler.ts'
import type { Invalidations, Propagation } from '../layers/invalidations.ts'
import type { StoreLayer } from '../layers/store-layer.ts'
import { titleOf } from '../validate/record-key.ts'

/** A committed change, and whether it has reached the shared cache. */
export interface Committed {
  readonly change: Change
  readonly propagation: Propagation
}

export interface WritePathParts {
  readonly store: StoreLayer
  readonly catchUp: CatchUp
  readonly changeApplier: ChangeApplier
  readonly invalidations: Invalidations
  readonly compiler: Compiler
  readonly background: BackgroundWork
}

/** commit → floor → invalidate → hint */
export class WritePath {
  readonly #parts: WritePathParts

  constructor(parts: WritePathParts) {
    this.#parts = parts
  }

  /** Rejects where the store did not commit, or did not confirm it; never because of the cache. */
  async commit(name: string, write: (store: FlagStore, call: Call) => Promise<Change>): Promise<Committed> {
    return await this.#parts.background.shared(async () => {
      if (!this.#parts.catchUp.current) await this.#parts.catchUp.tryOnce()
      // Read before the commit: where a later change has raised the fence since, this change's record stays out of the cache.
      const token = await this.#parts.invalidations.fenceBefore(name)
      const change = await this.#write(name, write)
      await this.#parts.compiler.prepare([change.after])
      this.#parts.catchUp.noteCommit(name, change.version)
      this.#parts.changeApplier.applyCommit(change)
      return { change, propagation: await this.#parts.invalidations.raise(change, token) }
    })
  }

  /** Returns `record` once this process has caught up with its version: from here on it does not answer older. */
  async afterCatchUp<T extends StoredRecord>(record: T | null): Promise<T | null> {
    if (record !== null) await this.#parts.catchUp.reach(record.version)
    return record
  }

  async #write(name: string, write: (store: FlagStore, call: Call) => Promise<Change>): Promise<Change> {
    try {
      return await this.#parts.store.administer(titleOf(name), write)
    } catch (error) {
      // The change may have been committed; the log will tell.
      if (error instanceof FlagsError && MAY_BE_COMMITTED.has(error.code)) this.#parts.catchUp.request()
      throw error
    }
  }
}

const MAY_BE_COMMITTED: ReadonlySet<string> = new Set(['STORE_TIMEOUT', 'STORE_UNAVAILABLE'])
