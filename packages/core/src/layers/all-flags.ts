import type { LoadedRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Compiled, Compiler } from './compiler.ts'

/** Every flag and segment as of one clock. Immutable: a change makes a new one. */
export interface AllFlagsState {
  readonly asOf: number
  /** By key; an error where a record cannot be used and no earlier one is known. */
  readonly compiled: ReadonlyMap<string, Compiled | FlagsError>
  /** The keys whose latest record cannot be used, so that an earlier one is served. */
  readonly outdated: ReadonlySet<string>
}

/** A state that the log no longer keeps up to date. */
export interface LastKnownGood {
  readonly state: AllFlagsState
  /** When it was last known to be right, on the monotonic clock. */
  readonly confirmedAt: number
}

/** All flags at one clock, for snapshots: loaded once, then kept up to date by the log. */
export class AllFlags {
  readonly #compiler: Compiler
  readonly #report: (error: FlagsError) => void
  #state: AllFlagsState | undefined
  #lastKnownGood: LastKnownGood | undefined
  /** The version that the log was last read up to. */
  #logVersion = 0

  constructor(compiler: Compiler, report: (error: FlagsError) => void) {
    this.#compiler = compiler
    this.#report = report
  }

  /** What the log keeps up to date; `undefined` where all flags must be loaded. */
  get state(): AllFlagsState | undefined {
    return this.#state
  }

  /** What was known before the log had a gap, until all flags are loaded again. */
  get lastKnownGood(): LastKnownGood | undefined {
    return this.#lastKnownGood
  }

  /** Takes a load of all flags. Returns `false` where the log is already past it: then it must be loaded again. */
  takeLoad(asOf: number, records: ReadonlyMap<string, LoadedRecord>): boolean {
    if (asOf < this.#logVersion) return false
    if (this.#state !== undefined && this.#state.asOf >= asOf) return true
    this.#state = this.#stateOf(asOf, records)
    this.#lastKnownGood = undefined
    return true
  }

  /** Applies what the log says has changed, up to `asOf`. */
  applyChanges(asOf: number, changed: readonly { readonly name: string; readonly version: number; readonly flag: LoadedRecord }[]): void {
    this.#logVersion = asOf
    const state = this.#state
    if (state === undefined) return
    const newer = changed.filter(({ version }) => version > state.asOf)
    if (newer.length === 0) return
    this.#state = this.#stateOf(asOf, new Map(newer.map(({ name, flag }) => [name, flag])), state)
  }

  /** The log goes on from `version`, with a gap before it. What is known was last right at `confirmedAt`. */
  skipTo(version: number, confirmedAt: number): void {
    if (this.#state !== undefined) this.#lastKnownGood = { state: this.#state, confirmedAt }
    this.#state = undefined
    this.#logVersion = version
  }

  /** The last known good was confirmed so much longer ago than the monotonic clock says. */
  age(missedMs: number): void {
    const known = this.#lastKnownGood
    if (known !== undefined) this.#lastKnownGood = { ...known, confirmedAt: known.confirmedAt - missedMs }
  }

  /** The store went back to `version`: forgets everything, the last known good too. */
  rewindTo(version: number): void {
    this.#state = undefined
    this.#lastKnownGood = undefined
    this.#logVersion = version
  }

  /** Takes a replica's load as last known good, unless a newer one is held. Returns whether it is newer than what was held. */
  takeFallback(asOf: number, records: ReadonlyMap<string, LoadedRecord>, confirmedAt: number): boolean {
    const held = this.#lastKnownGood?.state
    if (held !== undefined && held.asOf > asOf) return false
    this.#lastKnownGood = { state: held?.asOf === asOf ? held : this.#stateOf(asOf, records), confirmedAt }
    return held?.asOf !== asOf
  }

  /** `before` with these records replaced. A record that cannot be used leaves the last one that could in place. */
  #stateOf(asOf: number, records: ReadonlyMap<string, LoadedRecord>, before?: AllFlagsState): AllFlagsState {
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
