import type { Loaded } from '../contracts/index.ts'
import { FlagsError, toFlagsError } from '../errors/flags-error.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { ChangeApplier } from '../history/change-applier.ts'
import type { Floors } from '../history/floors.ts'
import type { Lease } from '../history/lease.ts'
import type { AllFlags, AllFlagsState } from '../layers/all-flags.ts'
import type { Compiler } from '../layers/compiler.ts'
import { versionNotReached } from '../layers/flag-answer.ts'
import { LAST_KNOWN_GOOD_MS, type MemoryLayer } from '../layers/memory-layer.ts'
import { readAll } from '../layers/read-in-pages.ts'
import { fromPrimary, type StoreLayer } from '../layers/store-layer.ts'
import type { StaleFallback } from '../read/stale-fallback.ts'
import { Snapshot, type SnapshotParts } from './snapshot.ts'

/** How often a load is made where the log overtakes it, and a catch-up where answers overtake it. */
const ATTEMPTS = 3

export interface SnapshotSourceParts extends SnapshotParts {
  readonly all: AllFlags
  readonly staleFallback: StaleFallback
  readonly store: StoreLayer
  readonly memory: MemoryLayer
  readonly lease: Lease
  readonly compiler: Compiler
  readonly changeApplier: ChangeApplier
  readonly floors: Floors
  readonly catchUp: CatchUp
}

/**
 * Gives snapshots: the same one as long as nothing changed and, while the store can be asked, none older than any answer that this process has given.
 * Otherwise the last known good or what a replica has, each marked stale; otherwise an empty one.
 */
export class SnapshotSource {
  readonly #parts: SnapshotSourceParts
  #loading: Promise<FlagsError | undefined> | undefined
  #asking: Promise<Loaded | undefined> | undefined
  /** What a standby gave in place of the store when all flags were last loaded. */
  #fromStandby: Loaded | undefined
  #last: { readonly state: AllFlagsState; readonly stale: boolean; readonly snapshot: Snapshot } | undefined

  constructor(parts: SnapshotSourceParts) {
    this.#parts = parts
  }

  /** The snapshot to give where nothing has to be waited for; `undefined` where something has. */
  currentIfKnown(): Snapshot | undefined {
    const { all, catchUp, lease } = this.#parts
    if (all.state === undefined || !catchUp.current || !this.#mayServe(lease.confirmedAt)) return undefined
    return this.#newestKnown > catchUp.clock ? undefined : this.#snapshotOf(all.state, !lease.valid)
  }

  /** Rejects only with `VERSION_NOT_REACHED`: where even the best snapshot, fresh or stale, is from before `minVersion`. */
  async take(minVersion = 0): Promise<Snapshot> {
    const snapshot = await this.#newest(minVersion)
    // A fresh snapshot stands for the clock, even where its `asOf`, the last change, is lower.
    const isOlder = (snapshot.asOf ?? 0) < minVersion && (snapshot.stale || this.#parts.catchUp.clock < minVersion)
    if (isOlder) throw versionNotReached(minVersion)
    return snapshot
  }

  async #newest(minVersion: number): Promise<Snapshot> {
    const { all, catchUp, lease } = this.#parts
    if (!catchUp.current) await catchUp.tryOnce()
    let failure: FlagsError | undefined
    for (let attempt = 0; attempt < ATTEMPTS && failure === undefined; attempt++) {
      if (all.state === undefined || !this.#mayServe(lease.confirmedAt)) failure = await this.#load()
      const isBehind = await this.#isBehind(minVersion)
      // A store that went back meanwhile leaves no state.
      if (all.state !== undefined && failure === undefined) return this.#snapshotOf(all.state, isBehind || !lease.valid)
    }
    return await this.#fallback(failure ?? new FlagsError('GENERAL', 'Flags change faster than they can be loaded.'))
  }

  /** The highest version that was answered, hinted, or shown by a load or a commit. */
  get #newestKnown(): number {
    const { floors, changeApplier, catchUp } = this.#parts
    return Math.max(changeApplier.highestHint, catchUp.highestStoreVersion, floors.highest)
  }

  /** Catches up with `minVersion`, with all that is known, and with what is answered meanwhile. Returns whether it could not. */
  async #isBehind(minVersion: number): Promise<boolean> {
    const { floors, catchUp } = this.#parts
    let needed = Math.max(this.#newestKnown, minVersion)
    for (let attempt = 0; needed > catchUp.clock; attempt++) {
      if (attempt === ATTEMPTS || (await catchUp.reach(needed)) === 'unknown') return true
      // A version that was asked for or hinted at may not exist; one that was answered does.
      needed = floors.highest
    }
    return false
  }

  async #fallback(failure: FlagsError): Promise<Snapshot> {
    const { all } = this.#parts
    await this.#askReplica()
    const { lastKnownGood } = all
    if (lastKnownGood === undefined || !this.#mayServe(lastKnownGood.confirmedAt)) return new Snapshot(failure, true, this.#parts)
    return this.#snapshotOf(lastKnownGood.state, true)
  }

  /** Takes what a replica has as last known good. A snapshot of it answers every flag, so no older answer may follow. */
  async #askReplica(): Promise<void> {
    const { all, staleFallback, memory, clock } = this.#parts
    this.#asking ??= staleFallback.findAll(this.#fromStandby).finally(() => {
      this.#asking = undefined
    })
    const loaded = await this.#asking
    if (loaded === undefined || !all.takeFallback(loaded.asOf, loaded.flags, clock.monotonic())) return
    for (const [key, flag] of all.lastKnownGood?.state.compiled ?? []) {
      if (flag instanceof FlagsError) continue
      memory.keepStale(key, flag, loaded.asOf)
      memory.noteAnswer(key, loaded.asOf, true)
    }
  }

  /** Whether a value confirmed at `confirmedAt` may still be served as last known good. */
  #mayServe(confirmedAt: number): boolean {
    return this.#parts.clock.monotonic() - confirmedAt <= LAST_KNOWN_GOOD_MS
  }

  #snapshotOf(state: AllFlagsState, stale: boolean): Snapshot {
    const revision = this.#parts.catchUp.revisionAt(state.asOf)
    if (this.#last?.state !== state || this.#last.stale !== stale || this.#last.snapshot.revision !== revision) {
      this.#last = { state, stale, snapshot: new Snapshot(state, stale, this.#parts, revision) }
      this.#raiseFloors(state)
    }
    return this.#last.snapshot
  }

  /** From here on no flag is answered from before its record in this state, not even as `STALE`. */
  #raiseFloors(state: AllFlagsState): void {
    const { floors, memory } = this.#parts
    floors.raiseBySnapshot((name) => answeredAsOf(state, name))
    for (const name of memory.names) {
      const held = memory.held(name)
      const isAbsentStill = held?.flag === null && !state.compiled.has(name)
      if (held?.live && !isAbsentStill && held.asOf < answeredAsOf(state, name)) memory.drop(name)
    }
  }

  /** Loads all flags, once for all calls that come meanwhile. Returns why it could not. */
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
        store.assertNotResting()
        const loaded = await readAll(store, compiler.compileAhead)
        this.#fromStandby = loaded.standby ? loaded : undefined
        fromPrimary(loaded)
        if (catchUp.acceptsLoad(loaded) && all.takeLoad(loaded.asOf, loaded.flags)) return undefined
        await catchUp.run()
      }
      return undefined
    } catch (cause) {
      const error = toFlagsError(cause, 'GENERAL', 'Flags could not be loaded')
      report(error)
      return error
    }
  }
}

/** The version of the record that answers, which may be an earlier one than the unusable latest; 0 where the flag has no answer. */
function answeredAsOf({ asOf, compiled }: AllFlagsState, name: string): number {
  const found = compiled.get(name)
  return found instanceof FlagsError ? 0 : (found?.record.version ?? asOf)
}
