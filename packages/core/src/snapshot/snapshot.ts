import type { Clock, Decision, DecisionKind, Evaluation, JsonValue } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { absent, CompiledFlag } from '../evaluate/compiled-flag.ts'
import { EMPTY_VIEW, type EvaluationView } from '../evaluate/evaluation-view.ts'
import { type Target, targetOf, type Who } from '../evaluate/target.ts'
import type { AllFlagsState } from '../layers/all-flags.ts'
import type { Compiled } from '../layers/compiler.ts'
import { type NoAnswer, none } from '../layers/flag-answer.ts'
import type { Decided } from '../read/decider.ts'
import { evaluationOf, fallbackOf, gateOf, notAFlagName, unknownEvaluation, valueFor } from '../read/evaluation-result.ts'
import { type Part, TrackedView } from '../read/tracked-view.ts'
import type { UseTracker } from '../read/use-tracker.ts'
import type { FlagDefinition, FlagName, FlagSchema, ValueOf, Widen } from '../validate/define-flags.ts'
import { isFlagName } from '../validate/flag-name.ts'
import { segmentNameOf } from '../validate/segment-key.ts'

/** What `evaluateAll` returns. */
export interface EvaluateAllOptions {
  /** Only flags that carry one of these tags. Default: all flags. */
  readonly tags?: readonly string[]
  /** Only what a front end may see: enabled, variant and value. No rule, rollout, bucket, version, targeting key or message. Default `false`. */
  readonly forClient?: boolean
}

/** What a front end may see of a flag. */
export interface ClientEvaluation {
  readonly enabled: boolean
  readonly variant?: string
  readonly value?: JsonValue
}

type SnapshotValue<S extends FlagSchema> =
  string extends FlagName<S>
    ? <T extends JsonValue>(name: string, who: Who | undefined, options: { readonly default: T }) => Widen<T>
    : <N extends FlagName<S>>(name: N, who?: Who, options?: { readonly default?: ValueOf<S, N> }) => ValueOf<S, N>

/**
 * All flags at one version. It never changes, and no call waits. A call throws only for a flag of the schema with `onUnavailable: 'throw'` that
 * cannot be answered; `evaluateAll` never throws.
 */
export interface FlagSnapshot<S extends FlagSchema = FlagSchema> {
  /** The store's clock that it was taken at; `undefined` where nothing could be loaded: then every answer is the default. */
  readonly asOf: number | undefined
  /** Whether the store could not vouch for it when it was taken: it may be older than what this process has answered. */
  readonly stale: boolean
  /**
   * Names the store's history up to `asOf`: the same text stands for the same records in every process, also after the store went back.
   * `undefined` where that is not certain: nothing could be loaded, or what was loaded is newer than the log that this process has read.
   */
  readonly revision: string | undefined
  /** Whether answers may still change with time: some flag has a ramp that has not ended. */
  readonly timed: boolean
  /** The names of all flags. */
  readonly names: readonly string[]
  isEnabled(name: FlagName<S>, who?: Who, options?: { readonly default?: boolean }): boolean
  evaluate(name: FlagName<S>, who?: Who, options?: { readonly default?: boolean }): Evaluation
  readonly value: SnapshotValue<S>
  /** Whether the flag's value is always `true` or `false`: it has no variants with another value. `false` where the flag is not known. */
  isBoolean(name: FlagName<S>): boolean
  /** Every flag for one context, by name; for bootstrapping a front end. */
  evaluateAll(who: Who | undefined, options: EvaluateAllOptions & { readonly forClient: true }): Readonly<Record<string, ClientEvaluation>>
  evaluateAll(who?: Who, options?: EvaluateAllOptions): Readonly<Record<string, Evaluation>>
}

export interface SnapshotParts {
  readonly clock: Clock
  readonly definitions: ReadonlyMap<string, FlagDefinition>
  readonly uses: UseTracker
  readonly report: (error: FlagsError) => void
}

const EMPTY: AllFlagsState = { asOf: 0, compiled: new Map(), outdated: new Set() }

export class Snapshot implements FlagSnapshot {
  readonly asOf: number | undefined
  readonly stale: boolean
  readonly revision: string | undefined
  readonly #parts: SnapshotParts
  readonly #state: AllFlagsState
  readonly #error: FlagsError | undefined
  readonly #viewWithoutDependencies: EvaluationView
  /** In milliseconds since 1970. */
  #lastRampEnds: number | undefined

  /** Instead of a state, it may be given the error that says why there is none. */
  constructor(state: AllFlagsState | FlagsError, stale: boolean, parts: SnapshotParts, revision?: string) {
    const { clock } = parts
    const isKnown = !(state instanceof FlagsError)
    this.asOf = isKnown ? state.asOf : undefined
    this.stale = stale
    this.revision = revision
    this.#parts = parts
    this.#state = isKnown ? state : EMPTY
    this.#error = isKnown ? undefined : state
    this.#viewWithoutDependencies = {
      ...EMPTY_VIEW,
      get now() {
        return clock.now()
      },
    }
  }

  get names(): readonly string[] {
    return [...this.#state.compiled.keys()].filter((key) => segmentNameOf(key) === undefined)
  }

  get timed(): boolean {
    this.#lastRampEnds ??= lastRampEnds(this.#state.compiled.values())
    return this.#parts.clock.now() < this.#lastRampEnds
  }

  isBoolean(name: string): boolean {
    const flag = this.#state.compiled.get(name)
    return flag instanceof CompiledFlag && (flag.record.variants ?? []).every(({ value }) => typeof value === 'boolean')
  }

  isEnabled(name: string, who?: Who, options?: { readonly default?: boolean }): boolean {
    if (typeof who === 'string' && who !== '') {
      const flag = this.#state.compiled.get(name)
      if (flag instanceof CompiledFlag && flag.quick) return flag.admits(who)
    }
    return gateOf(this.#decide(name, targetOf(who), 'check'), this.#gateFallback(name, options?.default))
  }

  evaluate(name: string, who?: Who, options?: { readonly default?: boolean }): Evaluation {
    const target = targetOf(who)
    return this.#evaluation(name, target, this.#decide(name, target, 'endpoint'), options?.default)
  }

  value<T extends JsonValue>(name: string, who?: Who, options?: { readonly default?: T }): Widen<T> {
    const { definitions, report } = this.#parts
    const fallback = fallbackOf(name, options?.default, definitions.get(name))
    const found = this.#decide(name, targetOf(who), 'endpoint')
    return found.kind === 'none' ? fallback : valueFor(found.decision as Decision, fallback, report)
  }

  evaluateAll(who: Who | undefined, options: EvaluateAllOptions & { readonly forClient: true }): Readonly<Record<string, ClientEvaluation>>
  evaluateAll(who?: Who, options?: EvaluateAllOptions): Readonly<Record<string, Evaluation>>
  evaluateAll(who?: Who, { tags, forClient }: EvaluateAllOptions = {}): Readonly<Record<string, Evaluation | ClientEvaluation>> {
    const target = targetOf(who)
    const all: [string, Evaluation | ClientEvaluation][] = []
    for (const name of this.names) {
      if (tags !== undefined && !hasTag(this.#state.compiled.get(name), tags)) continue
      const found = this.#evaluation(name, target, this.#decideAndNote(name, target, 'endpoint'))
      all.push([name, forClient === true ? clientView(found) : found])
    }
    return Object.fromEntries(all)
  }

  #evaluation(name: string, target: Target | FlagsError, found: Decided | NoAnswer, given?: boolean): Evaluation {
    const fallback = this.#gateFallback(name, given)
    if (found.kind === 'none') return unknownEvaluation(name, target instanceof FlagsError ? undefined : target.key, fallback, found.error)
    return evaluationOf(found, fallback)
  }

  #gateFallback(name: string, given: boolean | undefined): boolean {
    return given ?? this.#parts.definitions.get(name)?.default === true
  }

  /** Throws only for a flag with `onUnavailable: 'throw'`. */
  #decide(name: string, target: Target | FlagsError, kind: DecisionKind): Decided | NoAnswer {
    const found = this.#decideAndNote(name, target, kind)
    if (found.kind === 'none' && this.#parts.definitions.get(name)?.onUnavailable === 'throw') throw found.error
    return found
  }

  /** Decides, and notes the use. */
  #decideAndNote(name: string, target: Target | FlagsError, kind: DecisionKind): Decided | NoAnswer {
    const found = this.#decideUnnoted(name, target)
    if (found.kind === 'none') return found
    const flag = this.#state.compiled.get(name)
    this.#parts.uses.note(name, found.decision, kind, flag instanceof FlagsError ? undefined : flag)
    return found
  }

  #decideUnnoted(name: string, target: Target | FlagsError): Decided | NoAnswer {
    if (target instanceof FlagsError) {
      this.#parts.report(target)
      return none(target)
    }
    if (this.#error !== undefined) return none(this.#error)
    const { asOf, compiled, outdated } = this.#state
    const flag = compiled.get(name)
    const stale = this.stale || outdated.has(name)
    if (!(flag instanceof CompiledFlag)) {
      if (!isFlagName(name)) return none(notAFlagName(name))
      return flag instanceof FlagsError ? none(flag) : this.#decided(absent(name, target.key), stale)
    }
    if (flag.dependencies.length === 0) return this.#decided(flag.evaluate(target, this.#viewWithoutDependencies), stale)
    const view = new TrackedView({ flag, asOf, stale }, this.#viewWithoutDependencies.now, this.#find)
    const decision = flag.evaluate(target, view)
    const missing = view.missing === undefined ? undefined : compiled.get(view.missing)
    return missing instanceof FlagsError ? none(missing) : this.#decided(decision, view.stale)
  }

  #decided(decision: Decision, stale: boolean): Decided {
    return { kind: 'decided', decision, source: 'memory', asOf: this.#state.asOf, stale }
  }

  readonly #find = (key: string): Part | undefined => {
    const { asOf, compiled, outdated } = this.#state
    const found = compiled.get(key)
    return found instanceof FlagsError ? undefined : { flag: found ?? null, asOf, stale: outdated.has(key) }
  }
}

function hasTag(flag: Compiled | FlagsError | undefined, tags: readonly string[]): boolean {
  return flag instanceof CompiledFlag && flag.record.tags?.some((tag) => tags.includes(tag)) === true
}

function lastRampEnds(all: Iterable<Compiled | FlagsError>): number {
  let last = Number.NEGATIVE_INFINITY
  for (const flag of all) {
    if (flag instanceof CompiledFlag && flag.ramp !== undefined) last = Math.max(last, flag.ramp.end)
  }
  return last
}

function clientView({ enabled, variant, value }: Evaluation): ClientEvaluation {
  return { enabled, ...(variant === undefined ? {} : { variant }), ...(value === undefined ? {} : { value }) }
}
