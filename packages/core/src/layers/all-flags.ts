import type { LoadedRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Compiled, Compiler } from './compiler.ts'

/** Every flag and segment as of one clock. Never changed: what comes later is another one. */
export interface State {
  readonly asOf: number
  /** By key; an error stands for a record that cannot be used. */
  readonly compiled: ReadonlyMap<string, Compiled | FlagsError>
  /** Whose record cannot be used, so that the one before it stands in. */
  readonly outdated: ReadonlySet<string>
}

/** A state that the log no longer keeps up to date, and when it was last right, on the monotonic clock. */
export interface LastKnownGood {
  readonly state: State
  readonly rightAt: number
}

/** All flags at one clock, for snapshots: loaded once, and from then on kept up to date by the log, so that nobody loads them again. */
export class AllFlags {
  readonly #compiler: Compiler
  readonly #report: (error: FlagsError) => void
  #state: State | undefined
  #lastKnownGood: LastKnownGood | undefined
  /** The end of the log as it was told last. */
  #logged = 0

  constructor(compiler: Compiler, report: (error: FlagsError) => void) {
    this.#compiler = compiler
    this.#report = report
  }

  /** What the log keeps up to date; `undefined` where everything must be loaded. */
  get state(): State | undefined {
    return this.#state
  }

  /** What was known before the log was lost, as long as it has not been loaded again. */
  get lastKnownGood(): LastKnownGood | undefined {
    return this.#lastKnownGood
  }

  /** A load of everything. Answers whether it counts: not where the log has got past it meanwhile. */
  load(asOf: number, records: ReadonlyMap<string, LoadedRecord>): boolean {
    if (asOf < this.#logged) return false
    if (this.#state !== undefined && this.#state.asOf >= asOf) return true
    this.#state = this.#stateOf(asOf, records)
    this.#lastKnownGood = undefined
    return true
  }

  /** What the log tells of, up to `asOf`. */
  log(asOf: number, changed: readonly { readonly name: string; readonly version: number; readonly flag: LoadedRecord }[]): void {
    this.#logged = asOf
    const state = this.#state
    if (state === undefined) return
    const news = changed.filter(({ version }) => version > state.asOf)
    if (news.length === 0) return
    this.#state = this.#stateOf(asOf, new Map(news.map(({ name, flag }) => [name, flag])), state)
  }

  /** The log goes on from `version`, with a gap before it. `rightAt`: when what is known was last right. */
  lost(version: number, rightAt: number): void {
    if (this.#state !== undefined) this.#lastKnownGood = { state: this.#state, rightAt }
    this.#state = undefined
    this.#logged = version
  }

  /** What was known is of a history that is gone; the log goes on from `version`. */
  rewound(version: number): void {
    this.#state = undefined
    this.#lastKnownGood = undefined
    this.#logged = version
  }

  /** What nobody vouches for, right at `rightAt` at the best, in place of a last known good that is older. Answers whether it is newer. */
  standIn(asOf: number, records: ReadonlyMap<string, LoadedRecord>, rightAt: number): boolean {
    const held = this.#lastKnownGood?.state
    if (held !== undefined && held.asOf > asOf) return false
    this.#lastKnownGood = { state: held?.asOf === asOf ? held : this.#stateOf(asOf, records), rightAt }
    return held?.asOf !== asOf
  }

  /** These records, over those of `before`. Where one cannot be used, what was known of it last stands in. */
  #stateOf(asOf: number, records: ReadonlyMap<string, LoadedRecord>, before?: State): State {
    const last = before ?? this.#state ?? this.#lastKnownGood?.state
    const compiled = new Map(before?.compiled)
    const outdated = new Set(before?.outdated)
    for (const [key, record] of records) {
      outdated.delete(key)
      if (record === null) compiled.delete(key)
      else if (!(record instanceof FlagsError)) compiled.set(key, this.#compiler.compile(record) as Compiled)
      else {
        this.#report(record)
        const known = last?.compiled.get(key) ?? record
        compiled.set(key, known)
        if (!(known instanceof FlagsError)) outdated.add(key)
      }
    }
    return { asOf, compiled, outdated }
  }
}
