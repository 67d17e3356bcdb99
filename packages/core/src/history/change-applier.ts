import { LRUCache } from 'lru-cache'
import type { Change, Changes, Hint, LoadedRecord, StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { AllFlags } from '../layers/all-flags.ts'
import type { Compiler } from '../layers/compiler.ts'
import type { MemoryLayer } from '../layers/memory-layer.ts'
import type { SingleFlight } from '../layers/single-flight.ts'
import type { ClientEvents } from './client-events.ts'
import type { Floors } from './floors.ts'
import type { HintChannels } from './hint-channels.ts'
import type { Lease } from './lease.ts'

const MAX_NAMES = 10_000

export interface ChangeApplierParts {
  readonly floors: Floors
  readonly memory: MemoryLayer
  readonly lease: Lease
  readonly loads: SingleFlight
  readonly compiler: Compiler
  readonly all: AllFlags
  readonly events: ClientEvents
  readonly channels: HintChannels
}

/** Applies changes to this process: raises floors, detaches loads in flight, drops or replaces what memory holds, and emits `change`. */
export class ChangeApplier {
  readonly #floors: Floors
  readonly #memory: MemoryLayer
  readonly #lease: Lease
  readonly #loads: SingleFlight
  readonly #compiler: Compiler
  readonly #all: AllFlags
  readonly #events: ClientEvents
  readonly #channels: HintChannels
  /** The version that was last emitted for each flag, so that no change is emitted twice. */
  readonly #emitted = new LRUCache<string, number>({ max: MAX_NAMES })
  /** The highest version that hints have named for each flag since the last catch-up. */
  readonly #unconfirmedHints = new LRUCache<string, number>({ max: MAX_NAMES })

  constructor({ floors, memory, lease, loads, compiler, all, events, channels }: ChangeApplierParts) {
    this.#floors = floors
    this.#memory = memory
    this.#lease = lease
    this.#loads = loads
    this.#compiler = compiler
    this.#all = all
    this.#events = events
    this.#channels = channels
  }

  /** The highest version of an unconfirmed hint; 0 without one. */
  get highestHint(): number {
    return this.#unconfirmedHints.size === 0 ? 0 : Math.max(...this.#unconfirmedHints.values())
  }

  /** To be taken before a catch-up, which will read the changes that these hints are about. */
  unconfirmedHints(): readonly (readonly [string, number])[] {
    return [...this.#unconfirmedHints.entries()]
  }

  /** Forgets these hints after a catch-up that began after them and ended at `clock`. */
  settleHints(hints: readonly (readonly [string, number])[], clock: number): void {
    this.#floors.readUpTo(clock)
    for (const [name, version] of hints) {
      if (this.#unconfirmedHints.get(name) === version) this.#unconfirmedHints.delete(name)
      // That version was never committed; the real change with this number must still be emitted.
      if (version > clock && this.#emitted.get(name) === version) this.#emitted.delete(name)
    }
  }

  /** Drops what memory holds, as it may be old. Returns `false` where this process already knows as much. */
  applyHint({ name, version }: Hint): boolean {
    const known = this.#memory.held(name)?.asOf ?? this.#floors.of(name)
    if (version <= known) return false
    this.#forgetReads(name)
    this.#memory.drop(name)
    this.#unconfirmedHints.set(name, Math.max(version, this.#unconfirmedHints.get(name) ?? 0))
    return true
  }

  /**
   * As `applyHint`, for a hint that is sent after the fence was raised: `change` is emitted at once, as the next read gets the new answer. `record`,
   * the record of this very change, replaces what is dropped.
   */
  applyHintAfterFence({ name, version }: Hint, record?: StoredRecord | null): void {
    const held = this.#memory.held(name)
    if (!this.applyHint({ name, version })) return
    // A flag that memory does not hold is not added, and a record whose library is not loaded is left to the next read.
    if (record !== undefined && held !== undefined && this.#compiler.isReadyFor(record)) this.#replace(name, record, version)
    this.#emitChange(name, version)
  }

  /** Applies a page of the log. All flags are replaced before any event is emitted, so that no listener sees half a transaction. */
  applyChanges({ changed, cursor }: Extract<Changes, { kind: 'changes' }>): void {
    const newChanges = changed.filter(({ name, version }) => this.#floors.raiseByChange(name, version))
    for (const { name } of newChanges) this.#loads.detach(name)
    for (const { name, flag } of changed) if (this.#memory.held(name) !== undefined) this.#replace(name, flag, cursor.version)
    this.#all.applyChanges(cursor.version, changed)
    for (const { name, version } of newChanges) this.#emitChange(name, version)
    this.#channels.expect(newChanges)
  }

  /** Applies a change that this process has committed: from here on it never answers older. */
  applyCommit({ flag: name, version, after }: Change): void {
    this.#floors.raiseByChange(name, version)
    this.#floors.raiseByAnswer(name, version, true)
    this.#forgetReads(name)
    this.#replace(name, after, version)
    this.#emitChange(name, version)
    this.#channels.expect([{ name, version }])
  }

  /** The log goes on from `version`, with a gap before it: nothing from before counts any more. */
  skipTo(version: number): void {
    this.#all.skipTo(version, this.#lease.confirmedAt)
    this.#floors.raiseCommon(version)
    this.#loads.detachAll()
    this.#compiler.forgetAll()
    this.#memory.dropAll()
  }

  /** The store went back to `version`: forgets the lost history. Returns the names that it was known to have. */
  rewindTo(version: number): string[] {
    const names = [...this.#floors.names, ...this.#memory.names]
    this.#loads.detachAll()
    this.#compiler.forgetAll()
    this.#emitted.clear()
    this.#unconfirmedHints.clear()
    this.#memory.clear()
    this.#all.rewindTo(version)
    this.#floors.replaceAll(version)
    return names
  }

  /** Forgets what rests on a refuted claim about this flag; floors above `clock` come down to it. */
  discard(name: string, clock: number): void {
    this.#forgetReads(name)
    this.#memory.remove(name)
    this.#floors.clamp(name, clock)
    this.#emitted.delete(name)
  }

  #forgetReads(name: string): void {
    this.#loads.detach(name)
    this.#compiler.forget(name)
  }

  #replace(name: string, flag: LoadedRecord, asOf: number): void {
    this.#compiler.forget(name)
    const compiled = this.#compiler.compileLoaded(name, flag)
    if (compiled instanceof FlagsError) this.#memory.drop(name)
    else this.#memory.install(name, compiled, asOf)
    // A hint has named a later version since this was read: the flag stays dropped.
    if ((this.#unconfirmedHints.get(name) ?? 0) > asOf) this.#memory.drop(name)
  }

  #emitChange(name: string, version: number): void {
    if (version <= (this.#emitted.get(name) ?? 0)) return
    this.#emitted.set(name, version)
    this.#events.changed(name, version)
  }
}
