import { LRUCache } from 'lru-cache'
import type { Clock, LoadedRecord, StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Hash } from '../evaluate/bucket.ts'
import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import { CompiledSegment } from '../evaluate/compiled-segment.ts'
import { type EngineName, type Engines, enginesOf } from '../validate/engines.ts'
import { titleOf } from '../validate/record-key.ts'
import { segmentKey } from '../validate/segment-key.ts'

/** A record that cannot be used is read again at most this often. */
const RECHECK_MS = 2_000
const MAX_UNUSABLE = 1_000

/** What memory holds: a flag, or a segment that flags refer to. */
export type Compiled = CompiledFlag | CompiledSegment

/** What a compiler needs that takes time to load. */
export interface Loaders {
  loadHash(): Promise<Hash>
  loadEngines(names: ReadonlySet<EngineName>): Promise<Engines>
}

/** Makes flags and segments of records, each record once, and remembers for a while which records cannot be used. */
export class Compiler {
  readonly #clock: Clock
  readonly #loaders: Loaders
  readonly #report: (error: FlagsError) => void
  readonly #unusable = new LRUCache<string, { readonly error: FlagsError; readonly until: number }>({ max: MAX_UNUSABLE })
  readonly #compiled = new WeakMap<StoredRecord, Compiled>()
  #hash: Hash | undefined
  #engines: Engines = {}

  constructor(clock: Clock, loaders: Loaders, report: (error: FlagsError) => void) {
    this.#clock = clock
    this.#loaders = loaders
    this.#report = report
  }

  /** Loads what every flag needs. */
  async start(): Promise<void> {
    this.#hash ??= await this.#loaders.loadHash()
  }

  /** Loads what these records need beside; `undefined` where that is nothing, as for nearly every record. Never rejects. */
  prepare(records: Iterable<LoadedRecord | undefined>): Promise<void> | undefined {
    let missing: Set<EngineName> | undefined
    for (const record of records) {
      if (record === null || record === undefined || record instanceof FlagsError) continue
      for (const engine of enginesOf(record)) {
        if (this.#engines[engine] !== undefined) continue
        missing ??= new Set()
        missing.add(engine)
      }
    }
    return missing && this.#loadEngines(missing)
  }

  /** Whether all that this record needs is loaded. */
  isReadyFor(record: StoredRecord | null): boolean {
    return record === null || [...enginesOf(record)].every((engine) => this.#engines[engine] !== undefined)
  }

  compile(record: StoredRecord | null): Compiled | null {
    if (record === null) return null
    const known = this.#compiled.get(record)
    if (known !== undefined) return known
    if (this.#hash === undefined) throw new FlagsError('GENERAL', 'A flag arrived before the hash was loaded.')
    const compiled = 'rollout' in record ? new CompiledFlag(record, this.#hash, this.#engines) : new CompiledSegment(record, this.#engines)
    this.#compiled.set(record, compiled)
    const [first, ...more] = compiled.refusals
    if (first !== undefined) this.#report(neverMet(record, first, more.length))
    return compiled
  }

  /** The same for what came from the store, where a record may be unusable. */
  compileLoaded(key: string, loaded: LoadedRecord): Compiled | null | FlagsError {
    if (!(loaded instanceof FlagsError)) return this.compile(loaded)
    this.#unusable.set(key, { error: loaded, until: this.#clock.monotonic() + RECHECK_MS })
    this.#report(loaded)
    return loaded
  }

  /** Why the record could not be used a moment ago. */
  unusable(key: string): FlagsError | undefined {
    const found = this.#unusable.get(key)
    return found !== undefined && this.#clock.monotonic() < found.until ? found.error : undefined
  }

  /** It changed: it may be usable now. */
  forget(key: string): void {
    this.#unusable.delete(key)
  }

  forgetAll(): void {
    this.#unusable.clear()
  }

  /** Without its engine a condition is false; a library that cannot be loaded is told, and tried again with the next record. */
  async #loadEngines(names: ReadonlySet<EngineName>): Promise<void> {
    try {
      this.#engines = { ...this.#engines, ...(await this.#loaders.loadEngines(names)) }
    } catch (cause) {
      const message = `What the operators of ${[...names].join(' and ')} need could not be loaded; their conditions are false.`
      this.#report(new FlagsError('GENERAL', message, { cause }))
    }
  }
}

/** Writes are checked, but for patterns in a statement of SQL, and in what a memory store begins with. */
function neverMet(record: StoredRecord, first: string, more: number): FlagsError {
  const key = 'rollout' in record ? record.name : segmentKey(record.name)
  const others = more === 0 ? '' : `, and ${more} more`
  return new FlagsError('PARSE_ERROR', `${titleOf(key)} has a condition that is never met, ${first}${others}.`, { flag: key })
}
