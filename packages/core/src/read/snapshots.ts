import { FlagsError, toFlagsError } from '../errors.ts'
import { Snapshot, type SnapshotParts } from '../snapshot.ts'
import type { CatchUp } from '../write/catch-up.ts'
import type { AllFlags, State } from './all-flags.ts'
import type { Compiler } from './compiler.ts'
import type { MemoryLayer } from './memory-layer.ts'
import type { StoreLayer } from './store-layer.ts'

/** A load that the log overtakes is made again, this often. */
const ATTEMPTS = 3

export interface SnapshotsParts extends SnapshotParts {
  readonly all: AllFlags
  readonly store: StoreLayer
  readonly memory: MemoryLayer
  readonly compiler: Compiler
  readonly catchUp: CatchUp
}

/** Gives snapshots: the same one as long as nothing changed, and no older one than any answer that this process has given. */
export class Snapshots {
  readonly #parts: SnapshotsParts
  #loading: Promise<FlagsError | undefined> | undefined
  #last: { readonly state: State; readonly stale: boolean; readonly snapshot: Snapshot } | undefined

  constructor(parts: SnapshotsParts) {
    this.#parts = parts
  }

  /** Never rejects. */
  async take(): Promise<Snapshot> {
    const { all, catchUp, memory } = this.#parts
    if (!catchUp.current) await catchUp.begun()
    let failure: FlagsError | undefined
    for (let attempt = 0; attempt < ATTEMPTS && failure === undefined; attempt++) {
      if (all.state === undefined) failure = await this.#load()
      const known = Math.max(all.hinted, catchUp.told)
      const isBehind = known > Math.max(all.state?.asOf ?? 0, catchUp.clock) && (await catchUp.reach(known)) === 'unknown'
      // A store that went back takes away what was known.
      if (all.state !== undefined) return this.#snapshotOf(all.state, isBehind || !memory.leased)
    }
    return new Snapshot(failure ?? new FlagsError('GENERAL', 'Flags change faster than they can be loaded.'), true, this.#parts)
  }

  #snapshotOf(state: State, stale: boolean): Snapshot {
    const revision = this.#parts.catchUp.revisionAt(state.asOf)
    if (this.#last?.state !== state || this.#last.stale !== stale || this.#last.snapshot.revision !== revision) {
      this.#last = { state, stale, snapshot: new Snapshot(state, stale, this.#parts, revision) }
    }
    return this.#last.snapshot
  }

  /** Loads everything, once for all who ask meanwhile; answers why it could not. */
  #load(): Promise<FlagsError | undefined> {
    this.#loading ??= this.#loadAll().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #loadAll(): Promise<FlagsError | undefined> {
    const { all, store, compiler, catchUp, report } = this.#parts
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const loaded = await store.read((from, call) => from.loadAll(call))
        await compiler.prepare(loaded.flags.values())
        if (catchUp.trusts(loaded) && all.load(loaded.asOf, loaded.flags)) return undefined
        await catchUp.begun()
      }
      return undefined
    } catch (cause) {
      const error = toFlagsError(cause, 'GENERAL', 'Flags could not be loaded')
      report(error)
      return error
    }
  }
}
