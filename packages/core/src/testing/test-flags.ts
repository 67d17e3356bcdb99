import type { FlagsAdmin } from '../admin.ts'
import type { Clock, Evaluation, JsonValue, NewFlag, NewSegment } from '../contracts/index.ts'
import { createFlags } from '../create-flags.ts'
import type { Who } from '../evaluate/target.ts'
import type { Explanation } from '../explain.ts'
import type { EvaluateOptions, Flags, FlagsStats, ValueOptions } from '../flags.ts'
import { memoryStore } from '../memory/memory-store.ts'
import type { FlagsEvents } from '../reporter.ts'
import type { FlagName, FlagSchema, Widen } from '../schema.ts'
import type { FlagSnapshot } from '../snapshot.ts'
import { Overlay } from './overlay.ts'

/** What a flag should be: on or off, a value for everybody, or a flag in full. */
export type TestFlag = boolean | string | number | Omit<NewFlag, 'name'>

/** Flags for a unit test: everything that `Flags` does, and overrides. */
export interface TestFlags<S extends FlagSchema = FlagSchema> extends Flags<S> {
  /**
   * Makes flags something else until the result is disposed of, which `using` does at the end of the block. The override that came last
   * counts; they may end in any order. Snapshots that were taken before keep what they have.
   */
  override(flags: { readonly [N in FlagName<S>]?: TestFlag }): Disposable
}

export interface TestClientOptions {
  readonly schema: FlagSchema
  readonly segments: readonly NewSegment[]
  readonly clock: Clock
}

/** A real client over a store in memory, with the overrides laid over what the store says. */
export class TestClient implements TestFlags {
  readonly admin: FlagsAdmin
  readonly #overlay: Overlay
  readonly #client: Flags
  readonly #open: () => Flags

  constructor(flags: Readonly<Record<string, TestFlag>>, { schema, segments, clock }: TestClientOptions) {
    const store = memoryStore({ clock, segments, flags: Object.entries(flags).map(([name, flag]) => ({ name, ...newFlag(flag) })) })
    this.#overlay = new Overlay(store, clock)
    // Without a memory every call sees the overrides of its moment.
    this.#open = () => createFlags({ store: this.#overlay.store, schema, clock, memory: false, background: false })
    this.#client = this.#open()
    this.admin = this.#client.admin
  }

  override(flags: Readonly<Record<string, TestFlag | undefined>>): Disposable {
    const given = Object.entries(flags).flatMap(([name, flag]) => (flag === undefined ? [] : [{ name, ...newFlag(flag) }]))
    const end = this.#overlay.lay(given)
    return { [Symbol.dispose]: end }
  }

  isEnabled(name: string, who?: Who, options?: EvaluateOptions): Promise<boolean> {
    return this.#client.isEnabled(name, who, options)
  }

  evaluate(name: string, who?: Who, options?: EvaluateOptions): Promise<Evaluation> {
    return this.#client.evaluate(name, who, options)
  }

  value<T extends JsonValue>(name: string, who?: Who, options?: Partial<ValueOptions<T>>): Promise<Widen<T>> {
    return this.#client.value(name, who, options as ValueOptions<T>)
  }

  // By a client of its own, which cannot know an older one; it opens nothing, so there is nothing to close.
  snapshot(): Promise<FlagSnapshot> {
    return this.#open().snapshot()
  }

  explain(name: string, who?: Who): Promise<Explanation> {
    return this.#client.explain(name, who)
  }

  ready(): Promise<void> {
    return this.#client.ready()
  }

  on<E extends keyof FlagsEvents>(event: E, listener: (event: FlagsEvents[E]) => void): () => void {
    return this.#client.on(event, listener)
  }

  stats(): FlagsStats {
    return this.#client.stats()
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** On and off say so for everybody; a value is a variant that everybody gets. */
function newFlag(flag: TestFlag): Omit<NewFlag, 'name'> {
  if (typeof flag === 'boolean') return { enabled: flag, rollout: 100 }
  if (typeof flag === 'object') return flag
  return { rollout: 100, variants: [{ name: 'value', value: flag, weight: 1 }] }
}
