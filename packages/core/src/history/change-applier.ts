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

const MAX_ANNOUNCED = 10_000

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

/** What a change does to this process: it raises the floor, detaches loads in flight, drops or swaps what memory holds, and tells listeners. */
export class ChangeApplier {
  readonly #floors: Floors
  readonly #memory: MemoryLayer
  readonly #lease: Lease
  readonly #loads: SingleFlight
  readonly #compiler: Compiler
  readonly #all: AllFlags
  readonly #events: ClientEvents
  readonly #channels: HintChannels
  /** The version last told of each flag, so that a change heard twice is told once. */
  readonly #announced = new LRUCache<string, number>({ max: MAX_ANNOUNCED })
  /** Hints that no catch-up has looked into yet. */
  readonly #unconfirmedHints = new LRUCache<string, number>({ max: MAX_ANNOUNCED })

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

  /** The highest version that a hint spoke of which no catch-up has looked into yet. */
  get highestHint(): number {
    return this.#unconfirmedHints.size === 0 ? 0 : Math.max(...this.#unconfirmedHints.values())
  }

  /** For a catch-up that begins: it will see whatever these hints are about. */
  unconfirmedHints(): readonly (readonly [string, number])[] {
    return [...this.#unconfirmedHints.entries()]
  }

  /** For a catch-up that reached the store's clock: what was true about these hints is known now. */
  confirmHints(hints: readonly (readonly [string, number])[], clock: number): void {
    for (const [name, version] of hints) {
      if (this.#unconfirmedHints.get(name) === version) this.#unconfirmedHints.delete(name)
      // It was never true, and must not stand in the way of what will be.
      if (version > clock && this.#announced.get(name) === version) this.#announced.delete(name)
    }
  }

  /** "Something changed": nothing is known but that what we hold may be old. Answers whether it was news. */
  hint({ name, version }: Hint): boolean {
    const known = this.#memory.held(name)?.asOf ?? this.#floors.of(name)
    if (version <= known) return false
    this.#forget(name)
    this.#memory.drop(name)
    this.#unconfirmedHints.set(name, Math.max(version, this.#unconfirmedHints.get(name) ?? 0))
    return true
  }

  /**
   * A hint that comes after the fence was raised: whoever asks again because of it gets the new answer. The record of this very change, where it
   * is given, takes the place of what is dropped.
   */
  hintAfterFence({ name, version }: Hint, record?: StoredRecord | null): void {
    const held = this.#memory.held(name)
    if (!this.hint({ name, version })) return
    // What nobody here asks for is not kept, and what needs an engine that is not loaded yet is read when it is.
    if (record !== undefined && held !== undefined && this.#compiler.isReadyFor(record)) this.#swap(name, record, version)
    this.#announce(name, version)
  }

  /** What the log tells of: swapped in together, so that a transaction over two flags is never seen half, and only then told. */
  logged({ changed, cursor }: Extract<Changes, { kind: 'changes' }>): void {
    const news = changed.filter(({ name, version }) => this.#floors.raiseByChange(name, version))
    for (const { name } of news) this.#loads.detach(name)
    for (const { name, flag } of changed) if (this.#memory.held(name) !== undefined) this.#swap(name, flag, cursor.version)
    this.#all.log(cursor.version, changed)
    for (const { name, version } of news) this.#announce(name, version)
    this.#channels.expect(news)
  }

  /** A change that this process made: from here on it never answers older. */
  committed({ flag: name, version, after }: Change): void {
    this.#floors.raiseByChange(name, version)
    this.#floors.raiseByAnswer(name, version)
    this.#forget(name)
    this.#swap(name, after, version)
    this.#announce(name, version)
    this.#channels.expect([{ name, version }])
  }

  /** Nothing that was known before `version` counts any more. */
  lost(version: number): void {
    this.#all.lost(version, this.#lease.vouchedAt)
    this.#floors.raiseCommon(version)
    this.#loads.detachAll()
    this.#compiler.forgetAll()
    for (const name of this.#memory.names) this.#memory.drop(name)
  }

  /** The store went back to `version`: whatever was known belongs to a history that is gone. Answers the names it was known of. */
  rewound(version: number): string[] {
    const names = [...this.#floors.names, ...this.#memory.names]
    this.#loads.detachAll()
    this.#compiler.forgetAll()
    this.#announced.clear()
    this.#unconfirmedHints.clear()
    this.#memory.clear()
    this.#all.rewound(version)
    this.#floors.replaceAll(version)
    return names
  }

  /** What the cache or a replica said of this flag was ahead of the store: nothing that rests on it counts. */
  discard(name: string, clock: number): void {
    this.#forget(name)
    this.#memory.remove(name)
    this.#floors.clamp(name, clock)
    this.#announced.delete(name)
  }

  #forget(name: string): void {
    this.#loads.detach(name)
    this.#compiler.forget(name)
  }

  #swap(name: string, flag: LoadedRecord, asOf: number): void {
    this.#compiler.forget(name)
    const compiled = this.#compiler.compileLoaded(name, flag)
    if (compiled instanceof FlagsError) this.#memory.drop(name)
    else this.#memory.install(name, compiled, asOf)
    // What a hint has dropped since this was read stays dropped.
    if ((this.#unconfirmedHints.get(name) ?? 0) > asOf) this.#memory.drop(name)
  }

  #announce(name: string, version: number): void {
    if (version <= (this.#announced.get(name) ?? 0)) return
    this.#announced.set(name, version)
    this.#events.changed(name, version)
  }
}
