import { LRUCache } from 'lru-cache'
import type { Clock, FlagRecord, LoadedFlag } from '../contracts/index.ts'
import { FlagsError } from '../errors.ts'
import type { Hash } from '../evaluate/bucket.ts'
import { CompiledFlag } from '../evaluate/compiled-flag.ts'

/** A record that cannot be used is read again at most this often. */
const RECHECK_MS = 2_000
const MAX_UNUSABLE = 1_000

/** Makes flags of records, and remembers for a while which records cannot be used. */
export class Compiler {
  readonly #clock: Clock
  readonly #report: (error: FlagsError) => void
  readonly #unusable = new LRUCache<string, { readonly error: FlagsError; readonly until: number }>({ max: MAX_UNUSABLE })
  #hash: Hash | undefined

  constructor(clock: Clock, report: (error: FlagsError) => void) {
    this.#clock = clock
    this.#report = report
  }

  async loadHash(load: () => Promise<Hash>): Promise<void> {
    this.#hash ??= await load()
  }

  compile(record: FlagRecord | null): CompiledFlag | null {
    if (record === null) return null
    if (this.#hash === undefined) throw new FlagsError('GENERAL', 'A flag arrived before the hash was loaded.')
    return new CompiledFlag(record, this.#hash)
  }

  /** The same for what came from the store, where a record may be unusable. */
  compileLoaded(name: string, loaded: LoadedFlag): CompiledFlag | null | FlagsError {
    if (!(loaded instanceof FlagsError)) return this.compile(loaded)
    this.#unusable.set(name, { error: loaded, until: this.#clock.monotonic() + RECHECK_MS })
    this.#report(loaded)
    return loaded
  }

  /** Why the flag's record could not be used a moment ago. */
  unusable(name: string): FlagsError | undefined {
    const found = this.#unusable.get(name)
    return found !== undefined && this.#clock.monotonic() < found.until ? found.error : undefined
  }

  /** The flag changed: its record may be usable now. */
  forget(name: string): void {
    this.#unusable.delete(name)
  }

  forgetAll(): void {
    this.#unusable.clear()
  }
}
