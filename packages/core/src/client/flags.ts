import type { FlagsAdmin } from '../admin/admin.ts'
import type { Evaluation, JsonValue } from '../contracts/index.ts'
import type { Who } from '../evaluate/target.ts'
import type { Explanation } from '../explain/explanation.ts'
import type { FlagsEvents, FlagsListener } from '../history/client-events.ts'
import type { LayerStats } from '../read/layer-counts.ts'
import type { FlagSnapshot } from '../snapshot/snapshot.ts'
import type { FlagName, FlagSchema, ValueOf, Widen } from '../validate/define-flags.ts'

/** The options of a call. */
export interface EvaluateOptions {
  /** The answer where the flag does not exist or no layer can answer. Default: the schema's, else `false`. */
  readonly default?: boolean
  /** A version, as an update returned it: no older answer is given. Where the store has not reached it: the default, with `VERSION_NOT_REACHED`. */
  readonly minVersion?: number
}

export interface ValueOptions<T> {
  /** The value where the flag is off, does not exist or cannot be answered. Default: the schema's. */
  readonly default: T
  readonly minVersion?: number
}

export interface SnapshotOptions {
  /** A version, as an update returned it: no older snapshot is given. Where there is none that new, it rejects with `VERSION_NOT_REACHED`. */
  readonly minVersion?: number
}

/** What a client has done since it was created. */
export interface FlagsStats {
  readonly memory: LayerStats
  /** Decisions read from the shared cache. */
  readonly decision: LayerStats
  /** Flags read from the shared cache. */
  readonly cache: LayerStats
  /** Queries that loaded flags, and how many flags they loaded. */
  readonly store: { readonly reads: number; readonly flags: number }
  /** The store's clock as this process knows it. */
  readonly clock: number
  /** Whether memory is trusted: a catch-up that began within the last 30 s has reached the store's clock. */
  readonly leased: boolean
  /** Whether `stale` was emitted, and `fresh` not since. */
  readonly stale: boolean
  /** How many hint channels are up, 0 to 2. */
  readonly channels: number
}

/** Typed by the schema where there is one; otherwise by the default, which is then required. */
export type ValueMethod<S extends FlagSchema> =
  string extends FlagName<S>
    ? <T extends JsonValue>(name: string, who: Who | undefined, options: ValueOptions<T>) => Promise<Widen<T>>
    : <N extends FlagName<S>>(name: N, who?: Who, options?: Partial<ValueOptions<ValueOf<S, N>>>) => Promise<ValueOf<S, N>>

/** Feature flags. Evaluation never rejects because of infrastructure, administration always does. */
export interface Flags<S extends FlagSchema = FlagSchema> extends AsyncDisposable {
  /** Whether `who` gets the flag. */
  isEnabled(name: FlagName<S>, who?: Who, options?: EvaluateOptions): Promise<boolean>
  /** The decision with its reason, the layer that answered, the bucket and the version. */
  evaluate(name: FlagName<S>, who?: Who, options?: EvaluateOptions): Promise<Evaluation>
  /**
   * The variant's value where the flag is on, or `true` where it has no variants; the default where it is off. A value of another type than the
   * default's gives the default, with `TYPE_MISMATCH`.
   */
  readonly value: ValueMethod<S>
  /** Why `who` gets this answer: what each layer has, each rule and condition, hash and bucket; as data and as `text`. Asks the store. */
  explain(name: FlagName<S>, who?: Who): Promise<Explanation>
  /**
   * All flags at one version, answered without waiting; the same object as long as nothing changed. Rejects once the client is closed, and where
   * there is no snapshot as new as `minVersion`.
   */
  snapshot(options?: SnapshotOptions): Promise<FlagSnapshot<S>>
  readonly admin: FlagsAdmin<S>
  /** Waits until the store was reached and each hint channel tried. Rejects with `SCHEMA_MISSING`, `SCHEMA_OLD` or why it cannot be reached. */
  ready(): Promise<void>
  /**
   * `change`, `error`, `stale`, `fresh`. Returns a function that ends the subscription. A listener that throws, or whose promise rejects, causes a
   * process warning.
   */
  on<E extends keyof FlagsEvents>(event: E, listener: FlagsListener<E>): () => void
  stats(): FlagsStats
  /** Ends timers and subscriptions, waits for what is under way, closes both adapters. Afterwards every answer is the default, with `CLOSED`. */
  close(): Promise<void>
}
