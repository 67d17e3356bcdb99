import { memoryStore } from '../adapters/memory/memory-store.ts'
import type { FlagsAdmin } from '../admin/admin.ts'
import type { EvaluateOptions, Flags, FlagsStats, SnapshotOptions, ValueOptions } from '../client/flags.ts'
import type { Clock, Evaluation, JsonValue, NewSegment } from '../contracts/index.ts'
import { createFlags } from '../create-flags.ts'
import type { Who } from '../evaluate/target.ts'
import type { Explanation } from '../explain/explanation.ts'
import type { FlagsEvents, FlagsListener } from '../history/client-events.ts'
import type { FlagSnapshot } from '../snapshot/snapshot.ts'
import { checkNewSegment } from '../validate/check-segment.ts'
import type { FlagName, FlagSchema, Widen } from '../validate/define-flags.ts'
import { OverrideStore } from './override-store.ts'
import { LIBRARIES } from './regexp-library.ts'
import { newFlagsOf, type TestFlag } from './test-flag.ts'

/** Flags for a unit test: `Flags` with overrides. */
export interface TestFlags<S extends FlagSchema = FlagSchema> extends Flags<S> {
  /**
   * Replaces flags until the result is disposed of, which `using` does at the end of the block. The latest override counts; they may end in any
   * order. Snapshots that were taken before stay as they are.
   */
  override(flags: { readonly [N in FlagName<S>]?: TestFlag }): Disposable
}

export interface TestClientOptions {
  readonly schema: FlagSchema
  readonly segments: readonly NewSegment[]
  readonly clock: Clock
}

/** A real client over a memory store with overrides. */
export class TestClient implements TestFlags {
  readonly admin: FlagsAdmin
  readonly #overrides: OverrideStore
  readonly #client: Flags
  readonly #open: () => Flags
  #latest: { readonly state: string; readonly snapshot: Promise<FlagSnapshot> } | undefined

  constructor(flags: Readonly<Record<string, TestFlag>>, { schema, segments, clock }: TestClientOptions) {
    for (const segment of segments) checkNewSegment(segment, LIBRARIES)
    this.#overrides = new OverrideStore(memoryStore({ clock, segments, flags: newFlagsOf(flags) }), clock)
    // Without the memory layer, every call sees the current overrides.
    this.#open = () => createFlags({ store: this.#overrides.store, schema, clock, memory: false, background: false })
    this.#client = this.#open()
    this.admin = this.#client.admin
  }

  override(flags: Readonly<Record<string, TestFlag | undefined>>): Disposable {
    const given = Object.fromEntries(Object.entries(flags).filter(([, flag]) => flag !== undefined)) as Record<string, TestFlag>
    return { [Symbol.dispose]: this.#overrides.override(newFlagsOf(given)) }
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

  // Each state's snapshot is taken by a new client, which has no older one. It opens nothing, so there is nothing to close.
  async snapshot(options?: SnapshotOptions): Promise<FlagSnapshot> {
    await this.#client.ready()
    if (options?.minVersion !== undefined) await this.#client.snapshot(options)
    const state = await this.#overrides.state()
    if (this.#latest?.state !== state) this.#latest = { state, snapshot: this.#open().snapshot() }
    return await this.#latest.snapshot
  }

  explain(name: string, who?: Who): Promise<Explanation> {
    return this.#client.explain(name, who)
  }

  ready(): Promise<void> {
    return this.#client.ready()
  }

  on<E extends keyof FlagsEvents>(event: E, listener: FlagsListener<E>): () => void {
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
