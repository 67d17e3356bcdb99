import type { LoadedRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors.ts'
import type { Compiled, Compiler } from './compiler.ts'

/** Every flag and segment as of one clock. Never changed: what comes later is another one. */
export interface State {
  readonly asOf: number
  /** By key; an error stands for a record that cannot be used. */
  readonly compiled: ReadonlyMap<string, Compiled | FlagsError>
  /** Whose record cannot be used, so that the one before it stands in. */
  readonly outdated: ReadonlySet<string>
}

/** All flags at one clock, for snapshots: loaded once, and from then on kept up to date by the log, so that nobody loads them again. */
export class AllFlags {
  readonly #compiler: Compiler
  #state: State | undefined
  /** The end of the log as it was told last. */
  #logged = 0
  #hinted = 0

  constructor(compiler: Compiler) {
    this.#compiler = compiler
  }

  get state(): State | undefined {
    return this.#state
  }

  /** The highest version that a hint spoke of. */
  get hinted(): number {
    return this.#hinted
  }

  hint(version: number): void {
    this.#hinted = Math.max(this.#hinted, version)
  }

  /** The store's clock is known: what was said beyond it was never true. */
  looked(clock: number): void {
    this.#hinted = Math.min(this.#hinted, clock)
  }

  /** A load of everything. Answers whether it counts: not where the log has got past it meanwhile. */
  load(asOf: number, records: ReadonlyMap<string, LoadedRecord>): boolean {
    if (asOf < this.#logged) return false
    if (this.#state !== undefined && this.#state.asOf >= asOf) return true
    this.#state = this.#next(asOf, records)
    return true
  }

  /** What the log tells of, up to `asOf`. */
  log(asOf: number, changed: readonly { readonly name: string; readonly version: number; readonly flag: LoadedRecord }[]): void {
    this.#logged = asOf
    const state = this.#state
    if (state === undefined || asOf <= state.asOf) return
    const news = changed.filter(({ version }) => version > state.asOf)
    if (news.length === 0) return
    this.#state = this.#next(asOf, new Map(news.map(({ name, flag }) => [name, flag])), state)
  }

  /** Nothing that was known counts any more; the log goes on from `version`. */
  lost(version: number): void {
    this.#state = undefined
    this.#logged = version
    this.#hinted = 0
  }

  #next(asOf: number, records: ReadonlyMap<string, LoadedRecord>, before?: State): State {
    const compiled = new Map(before?.compiled)
    const outdated = new Set(before?.outdated)
    for (const [key, record] of records) {
      outdated.delete(key)
      if (record === null) compiled.delete(key)
      else if (!(record instanceof FlagsError)) compiled.set(key, this.#compiler.compile(record) as Compiled)
      else if (compiled.get(key) === undefined || compiled.get(key) instanceof FlagsError) compiled.set(key, record)
      else outdated.add(key)
    }
    return { asOf, compiled, outdated }
  }
}
