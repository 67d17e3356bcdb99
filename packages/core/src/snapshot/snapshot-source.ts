import type { Loaded } from '../contracts/index.ts'
import { FlagsError, toFlagsError } from '../errors/flags-error.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { ChangeApplier } from '../history/change-applier.ts'
import type { Floors } from '../history/floors.ts'
import type { Lease } from '../history/lease.ts'
import type { AllFlags, State } from '../layers/all-flags.ts'
import { notReached } from '../layers/answer.ts'
import type { Compiler } from '../layers/compiler.ts'
import { KEEP_MS, type MemoryLayer } from '../layers/memory-layer.ts'
import type { StoreLayer } from '../layers/store-layer.ts'
import type { StaleFallback } from '../read/stale-fallback.ts'
import { Snapshot, type SnapshotParts } from './snapshot.ts'

/** A load that the log overtakes is made again, this often; so is a catch-up that an answer overtakes. */
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
 * Gives snapshots: the same one as long as nothing changed, and no older one than any answer that this process has given, as long as the
 * store can be asked. Where it cannot, the last one that was good, then what a replica has, each marked stale; then an empty one.
 */
export class SnapshotSource {
  readonly #parts: SnapshotSourceParts
  #loading: Promise<FlagsError | undefined> | undefined
  #asking: Promise<Loaded | undefined> | undefined
  #last: { readonly state: State; readonly stale: boolean; readonly snapshot: Snapshot } | undefined

  constructor(parts: SnapshotSourceParts) {
    this.#parts = parts
  }

  /** The one to give, where nothing has to be waited for. */
  atHand(): Snapshot | undefined {
    const { all, catchUp, lease } = this.#parts
    if (all.state === undefined || !catchUp.current || !this.#isKept(lease.vouchedAt)) return undefined
    return this.#known > catchUp.clock ? undefined : this.#snapshotOf(all.state, !lease.valid)
  }

  /** Rejects with `VERSION_NOT_REACHED` alone: where what there is, a stand-in too, is from before `minVersion`. */
  async take(minVersion = 0): Promise<Snapshot> {
    const snapshot = await this.#newest(minVersion)
    // What the log keeps up to date is as of the clock, also where the log got there without a change.
    const isOlder = (snapshot.asOf ?? 0) < minVersion && (snapshot.stale || this.#parts.catchUp.clock < minVersion)
    if (isOlder) throw notReached(minVersion)
    return snapshot
  }

  async #newest(minVersion: number): Promise<Snapshot> {
    const { all, catchUp, lease } = this.#parts
    if (!catchUp.current) await catchUp.begun()
    let failure: FlagsError | undefined
    for (let attempt = 0; attempt < ATTEMPTS && failure === undefined; attempt++) {
      if (all.state === undefined || !this.#isKept(lease.vouchedAt)) failure = await this.#load()
      const isBehind = await this.#isBehind(minVersion)
      // A store that went back takes away what was known.
      if (all.state !== undefined && failure === undefined) return this.#snapshotOf(all.state, isBehind || !lease.valid)
    }
    return await this.#standIn(failure ?? new FlagsError('GENERAL', 'Flags change faster than they can be loaded.'))
  }

  /** The highest version that this process has answered or heard of. */
  get #known(): number {
    const { floors, changeApplier, catchUp } = this.#parts
    return Math.max(changeApplier.highestHint, catchUp.told, floors.highest)
  }

  /** Catches up with what is asked for and with all that is known, and answered meanwhile; answers whether it could not. */
  async #isBehind(minVersion: number): Promise<boolean> {
    const { floors, catchUp } = this.#parts
    let needed = Math.max(this.#known, minVersion)
    for (let attempt = 0; needed > catchUp.clock; attempt++) {
      if (attempt === ATTEMPTS || (await catchUp.reach(needed)) === 'unknown') return true
      // Of what was asked for, or hinted at, the store may know nothing; what was answered is true.
      needed = floors.highest
    }
    return false
  }

  async #standIn(failure: FlagsError): Promise<Snapshot> {
    const { all } = this.#parts
    await this.#askReplica()
    const { lastKnownGood } = all
    if (lastKnownGood === undefined || !this.#isKept(lastKnownGood.rightAt)) return new Snapshot(failure, true, this.#parts)
    return this.#snapshotOf(lastKnownGood.state, true)
  }

  /** Where a replica may answer, this process has answered every flag as of it: no older one may follow. */
  async #askReplica(): Promise<void> {
    const { all, staleFallback, memory, clock } = this.#parts
    this.#asking ??= staleFallback.findAll().finally(() => {
      this.#asking = undefined
    })
    const loaded = await this.#asking
    if (loaded === undefined || !all.standIn(loaded.asOf, loaded.flags, clock.monotonic())) return
    for (const [key, flag] of all.lastKnownGood?.state.compiled ?? []) {
      if (flag instanceof FlagsError) continue
      memory.keep(key, flag, loaded.asOf)
      memory.answered(key, loaded.asOf)
    }
  }

  /** Whether what was right at that moment may still stand in. */
  #isKept(rightAt: number): boolean {
    return this.#parts.clock.monotonic() - rightAt <= KEEP_MS
  }

  #snapshotOf(state: State, stale: boolean): Snapshot {
    const revision = this.#parts.catchUp.revisionAt(state.asOf)
    if (this.#last?.state !== state || this.#last.stale !== stale || this.#last.snapshot.revision !== revision) {
      this.#last = { state, stale, snapshot: new Snapshot(state, stale, this.#parts, revision) }
      this.#answered(state)
    }
    return this.#last.snapshot
  }

  /** From here on no flag is answered from before its record in this state, not even as a last resort. */
  #answered(state: State): void {
    const { floors, memory } = this.#parts
    floors.raiseBySnapshot((name) => answeredAsOf(state, name))
    for (const name of memory.names) {
      const held = memory.held(name)
      const isAbsentStill = held?.flag === null && !state.compiled.has(name)
      if (held?.live && !isAbsentStill && held.asOf < answeredAsOf(state, name)) memory.drop(name)
    }
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

/** Of the record that answers, which may stand in for one that cannot be used; 0 where there is none. */
function answeredAsOf({ asOf, compiled }: State, name: string): number {
  const found = compiled.get(name)
  return found instanceof FlagsError ? 0 : (found?.record.version ?? asOf)
}
