import type { Clock, Decision, Evaluation, JsonValue } from './contracts/index.ts'
import { FlagsError } from './errors.ts'
import { absent, CompiledFlag } from './evaluate/compiled-flag.ts'
import { CompiledSegment } from './evaluate/compiled-segment.ts'
import { segmentKey } from './evaluate/segment-key.ts'
import { type Target, targetOf, type Who } from './evaluate/target.ts'
import type { World } from './evaluate/world.ts'
import { evaluation, unknown, valueFor } from './outcome.ts'
import type { State } from './read/all-flags.ts'
import type { Compiled } from './read/compiler.ts'
import type { FlagDefinition, FlagName, FlagSchema, ValueOf, Widen } from './schema.ts'

/** What `evaluateAll` leaves in and out. */
export interface EvaluateAllOptions {
  /** Only flags that carry one of these tags. Default: all flags. */
  readonly tags?: readonly string[]
  /** Only what a client may see of each: enabled, variant and value. No rule, rollout, bucket, version, targeting key or message. Default `false`. */
  readonly forClient?: boolean
}

/** What a client may see of a flag. */
export interface ClientEvaluation {
  readonly enabled: boolean
  readonly variant?: string
  readonly value?: JsonValue
}

type SnapshotValue<S extends FlagSchema> =
  string extends FlagName<S>
    ? <T extends JsonValue>(name: string, who: Who | undefined, options: { readonly default: T }) => Widen<T>
    : <N extends FlagName<S>>(name: N, who?: Who, options?: { readonly default?: ValueOf<S, N> }) => ValueOf<S, N>

/** All flags at one version. It never changes and never waits; nothing it does rejects or throws because of infrastructure. */
export interface FlagSnapshot<S extends FlagSchema = FlagSchema> {
  /** The store's clock that all of it stands for; `undefined` where nothing could be loaded: then every answer is the default. */
  readonly asOf: number | undefined
  /** Whether the store could not vouch for it of late when it was taken. */
  readonly stale: boolean
  /**
   * Names the store's history up to `asOf`: the same text stands for the same records in every process, also after a restore that went back.
   * `undefined` where that cannot be vouched for: nothing could be loaded, or more than the log has told of yet.
   */
  readonly revision: string | undefined
  /** Whether answers may still change by themselves as time passes: some flag has a ramp that has not ended. */
  readonly timed: boolean
  /** The names of all flags. */
  readonly names: readonly string[]
  isEnabled(name: FlagName<S>, who?: Who, options?: { readonly default?: boolean }): boolean
  evaluate(name: FlagName<S>, who?: Who, options?: { readonly default?: boolean }): Evaluation
  readonly value: SnapshotValue<S>
  /** Whether the flag's value is `true` or `false` whoever asks: it has no variants, or no others. `false` where it is not known. */
  isBoolean(name: FlagName<S>): boolean
  /** Every flag for one context, by name; for bootstrapping a front end. */
  evaluateAll(who: Who | undefined, options: EvaluateAllOptions & { readonly forClient: true }): Readonly<Record<string, ClientEvaluation>>
  evaluateAll(who?: Who, options?: EvaluateAllOptions): Readonly<Record<string, Evaluation>>
}

export interface SnapshotParts {
  readonly clock: Clock
  readonly definitions: ReadonlyMap<string, FlagDefinition>
  readonly report: (error: FlagsError) => void
}

const EMPTY: State['compiled'] = new Map()

export class Snapshot implements FlagSnapshot {
  readonly asOf: number | undefined
  readonly stale: boolean
  readonly revision: string | undefined
  readonly #parts: SnapshotParts
  readonly #compiled: State['compiled']
  readonly #outdated: ReadonlySet<string> | undefined
  readonly #error: FlagsError | undefined
  readonly #world: World
  /** In milliseconds since 1970. */
  #lastRampEnds: number | undefined

  /** `state` may be the reason why there is none. */
  constructor(state: State | FlagsError, stale: boolean, parts: SnapshotParts, revision?: string) {
    const known = state instanceof FlagsError ? undefined : state
    const compiled = known?.compiled ?? EMPTY
    const { clock } = parts
    this.asOf = known?.asOf
    this.stale = stale || known === undefined
    this.revision = revision
    this.#parts = parts
    this.#compiled = compiled
    this.#outdated = known?.outdated
    this.#error = state instanceof FlagsError ? state : undefined
    this.#world = {
      get now() {
        return clock.now()
      },
      flag(name) {
        const found = compiled.get(name)
        return found === undefined ? null : found instanceof CompiledFlag ? found : undefined
      },
      segment(name) {
        const found = compiled.get(segmentKey(name))
        return found === undefined ? null : found instanceof CompiledSegment ? found : undefined
      },
    }
  }

  get names(): readonly string[] {
    return [...this.#compiled].filter(([, flag]) => !(flag instanceof CompiledSegment)).map(([name]) => name)
  }

  get timed(): boolean {
    this.#lastRampEnds ??= lastRampEnds(this.#compiled.values())
    return this.#parts.clock.now() < this.#lastRampEnds
  }

  isBoolean(name: string): boolean {
    const flag = this.#compiled.get(name)
    return flag instanceof CompiledFlag && (flag.record.variants ?? []).every(({ value }) => typeof value === 'boolean')
  }

  isEnabled(name: string, who?: Who, options?: { readonly default?: boolean }): boolean {
    if (typeof who === 'string' && who !== '') {
      const flag = this.#compiled.get(name)
      if (flag instanceof CompiledFlag && flag.plain) return flag.admits(who)
    }
    return this.evaluate(name, who, options).enabled
  }

  evaluate(name: string, who?: Who, options?: { readonly default?: boolean }): Evaluation {
    const target = targetOf(who)
    const fallback = options?.default ?? this.#parts.definitions.get(name)?.default === true
    const decision = this.#decide(name, target)
    if (decision instanceof FlagsError) return unknown(name, target instanceof FlagsError ? undefined : target.key, fallback, decision)
    return evaluation({ kind: 'decided', decision, source: 'memory', asOf: this.asOf ?? 0, stale: this.#isStale(name) }, fallback)
  }

  value<T extends JsonValue>(name: string, who?: Who, options?: { readonly default?: T }): Widen<T> {
    const { definitions, report } = this.#parts
    const fallback = (options?.default ?? definitions.get(name)?.default) as Widen<T> | undefined
    if (fallback === undefined) {
      throw new FlagsError('INVALID_OPTIONS', `Flag ${name} is not in the schema: give a default.`, { flag: name })
    }
    const decision = this.#decide(name, targetOf(who))
    return decision instanceof FlagsError ? fallback : valueFor(decision, fallback, report)
  }

  evaluateAll(who: Who | undefined, options: EvaluateAllOptions & { readonly forClient: true }): Readonly<Record<string, ClientEvaluation>>
  evaluateAll(who?: Who, options?: EvaluateAllOptions): Readonly<Record<string, Evaluation>>
  evaluateAll(who?: Who, { tags, forClient }: EvaluateAllOptions = {}): Readonly<Record<string, Evaluation | ClientEvaluation>> {
    const all: [string, Evaluation | ClientEvaluation][] = []
    for (const [name, flag] of this.#compiled) {
      if (flag instanceof CompiledSegment || (tags !== undefined && !hasTag(flag, tags))) continue
      const found = this.evaluate(name, who)
      all.push([name, forClient === true ? clientView(found) : found])
    }
    return Object.fromEntries(all)
  }

  #decide(name: string, target: Target | FlagsError): Decision | FlagsError {
    if (target instanceof FlagsError) {
      this.#parts.report(target)
      return target
    }
    if (this.#error !== undefined) return this.#error
    const flag = this.#compiled.get(name)
    if (flag instanceof FlagsError) return flag
    return flag instanceof CompiledFlag ? flag.evaluate(target, this.#world) : absent(name, target.key)
  }

  #isStale(name: string): boolean {
    return this.stale || this.#outdated?.has(name) === true
  }
}

function hasTag(flag: CompiledFlag | FlagsError, tags: readonly string[]): boolean {
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
