import { LRUCache } from 'lru-cache'
import type { Clock, LoadedRecord, StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Hash } from '../evaluate/bucket.ts'
import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import { CompiledSegment } from '../evaluate/compiled-segment.ts'
import { type OperatorLibraries, type OperatorLibraryName, operatorLibrariesOf } from '../validate/operator-libraries.ts'
import { titleOf } from '../validate/record-key.ts'
import { segmentKey } from '../validate/segment-key.ts'

/** A record that cannot be used is read again at most this often. */
const RECHECK_MS = 2_000
const MAX_UNUSABLE = 1_000

/** A flag, or a segment that flags refer to. */
export type Compiled = CompiledFlag | CompiledSegment

/** Loads what a compiler needs. */
export interface Loaders {
  loadHash(): Promise<Hash>
  loadOperatorLibraries(names: ReadonlySet<OperatorLibraryName>): Promise<OperatorLibraries>
}

/** Compiles each record once, and remembers for a while which records cannot be used. */
export class Compiler {
  readonly #clock: Clock
  readonly #loaders: Loaders
  readonly #report: (error: FlagsError) => void
  readonly #unusable = new LRUCache<string, { readonly error: FlagsError; readonly until: number }>({ max: MAX_UNUSABLE })
  readonly #compiled = new WeakMap<StoredRecord, Compiled>()
  #hash: Hash | undefined
  #libraries: OperatorLibraries = {}

  constructor(clock: Clock, loaders: Loaders, report: (error: FlagsError) => void) {
    this.#clock = clock
    this.#loaders = loaders
    this.#report = report
  }

  /** Loads the hash, which every flag needs. */
  async start(): Promise<void> {
    this.#hash ??= await this.#loaders.loadHash()
  }

  /** Loads the libraries that these records need; `undefined` where none is missing, as for nearly every record. Never rejects. */
  prepare(records: Iterable<LoadedRecord | undefined>): Promise<void> | undefined {
    let missing: Set<OperatorLibraryName> | undefined
    for (const record of records) {
      if (record === null || record === undefined || record instanceof FlagsError) continue
      for (const library of operatorLibrariesOf(record)) {
        if (this.#libraries[library] !== undefined) continue
        missing ??= new Set()
        missing.add(library)
      }
    }
    return missing && this.#loadOperatorLibraries(missing)
  }

  /** Whether all libraries that this record needs are loaded. */
  isReadyFor(record: StoredRecord | null): boolean {
    return record === null || [...operatorLibrariesOf(record)].every((library) => this.#libraries[library] !== undefined)
  }

  compile(record: StoredRecord | null): Compiled | null {
    if (record === null) return null
    const known = this.#compiled.get(record)
    if (known !== undefined) return known
    if (this.#hash === undefined) throw new FlagsError('GENERAL', 'A flag was compiled before the hash was loaded.')
    const compiled =
      'rollout' in record ? new CompiledFlag(record, this.#hash, this.#libraries) : new CompiledSegment(record, this.#libraries)
    this.#compiled.set(record, compiled)
    const [first, ...more] = compiled.refusals
    if (first !== undefined) this.#report(neverMetError(record, first, more.length))
    return compiled
  }

  /** Compiles the records of a page as it comes, so that the last one does not have to compile them all. Unusable ones are left for later. */
  readonly compileAhead = async (records: readonly LoadedRecord[]): Promise<void> => {
    await this.prepare(records)
    for (const record of records) if (!(record instanceof FlagsError)) this.compile(record)
  }

  /** Compiles what the store returned. An unusable record is reported, and is not read again for 2 s. */
  compileLoaded(key: string, loaded: LoadedRecord): Compiled | null | FlagsError {
    if (!(loaded instanceof FlagsError)) return this.compile(loaded)
    this.#unusable.set(key, { error: loaded, until: this.#clock.monotonic() + RECHECK_MS })
    this.#report(loaded)
    return loaded
  }

  /** Why the record could not be used within the last 2 s. */
  unusable(key: string): FlagsError | undefined {
    const found = this.#unusable.get(key)
    return found !== undefined && this.#clock.monotonic() < found.until ? found.error : undefined
  }

  /** The record has changed, so it may be usable now. */
  forget(key: string): void {
    this.#unusable.delete(key)
  }

  forgetAll(): void {
    this.#unusable.clear()
  }

  /** Without its library a condition is never met. A library that cannot be loaded is reported, and tried again with the next record. */
  async #loadOperatorLibraries(names: ReadonlySet<OperatorLibraryName>): Promise<void> {
    try {
      this.#libraries = { ...this.#libraries, ...(await this.#loaders.loadOperatorLibraries(names)) }
    } catch (cause) {
      const message = `The library for ${[...names].join(' and ')} could not be loaded; conditions that need it are never met.`
      this.#report(new FlagsError('GENERAL', message, { cause }))
    }
  }
}

/** Writes through `admin` are checked; patterns written by SQL, or given to a memory store at the start, are not. */
function neverMetError(record: StoredRecord, first: string, more: number): FlagsError {
  const key = 'rollout' in record ? record.name : segmentKey(record.name)
  const others = more === 0 ? '' : `, and ${more} more`
  return new FlagsError('PARSE_ERROR', `${titleOf(key)} has a condition that is never met, ${first}${others}.`, { flag: key })
}
