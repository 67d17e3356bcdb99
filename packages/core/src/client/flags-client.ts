import type { FlagsAdmin } from '../admin/admin.ts'
import type { Decision, DecisionKind, Evaluation, FlagCache, FlagStore, JsonValue } from '../contracts/index.ts'
import { type ClientState, closedError } from '../errors/client-state.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { type Target, targetOf, type Who } from '../evaluate/target.ts'
import type { Explainer } from '../explain/explainer.ts'
import type { Explanation } from '../explain/explanation.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { ClientEvents, FlagsEvents, FlagsListener } from '../history/client-events.ts'
import type { HintChannels } from '../history/hint-channels.ts'
import type { HintSubscriptions } from '../history/hint-subscriptions.ts'
import type { Lease } from '../history/lease.ts'
import type { LeaseEvents } from '../history/lease-events.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
import { type NoAnswer, none } from '../layers/flag-answer.ts'
import type { Invalidations } from '../layers/invalidations.ts'
import type { MemoryLayer } from '../layers/memory-layer.ts'
import type { Decided, Decider } from '../read/decider.ts'
import { evaluationOf, fallbackOf, gateOf, notAFlagName, unknownEvaluation, valueFor } from '../read/evaluation-result.ts'
import type { LayerCounts } from '../read/layer-counts.ts'
import type { UseTracker } from '../read/use-tracker.ts'
import type { FlagSnapshot } from '../snapshot/snapshot.ts'
import type { SnapshotSource } from '../snapshot/snapshot-source.ts'
import type { FlagDefinition, Widen } from '../validate/define-flags.ts'
import { isFlagName } from '../validate/flag-name.ts'
import type { EvaluateOptions, Flags, FlagsStats, SnapshotOptions, ValueOptions } from './flags.ts'

export interface ClientParts {
  readonly store: FlagStore
  readonly cache: FlagCache | undefined
  readonly definitions: ReadonlyMap<string, FlagDefinition>
  readonly clientState: ClientState
  readonly memory: MemoryLayer
  readonly lease: Lease
  readonly leaseEvents: LeaseEvents
  readonly decider: Decider
  readonly explainer: Explainer
  readonly snapshots: SnapshotSource
  readonly uses: UseTracker
  readonly catchUp: CatchUp
  readonly invalidations: Invalidations
  readonly channels: HintChannels
  readonly hints: HintSubscriptions | undefined
  readonly admin: FlagsAdmin
  readonly background: BackgroundWork
  readonly events: ClientEvents
  readonly counts: LayerCounts
}

/** The client: answers from memory where it can, otherwise through the layers. */
export class FlagsClient implements Flags {
  readonly admin: FlagsAdmin
  readonly #parts: ClientParts
  readonly #clientState: ClientState
  readonly #memory: MemoryLayer
  readonly #counts: LayerCounts
  readonly #definitions: ReadonlyMap<string, FlagDefinition>
  // Answers from memory share these promises.
  readonly #yes = Promise.resolve(true)
  readonly #no = Promise.resolve(false)
  #closing: Promise<void> | undefined

  constructor(parts: ClientParts) {
    this.admin = parts.admin
    this.#parts = parts
    this.#clientState = parts.clientState
    this.#memory = parts.memory
    this.#counts = parts.counts
    this.#definitions = parts.definitions
  }

  // Not async: an answer from memory allocates nothing and waits for nothing.
  isEnabled(name: string, who?: Who, options?: EvaluateOptions): Promise<boolean> {
    const key = typeof who === 'number' && Number.isSafeInteger(who) ? String(who) : who
    if (typeof key === 'string' && key !== '' && this.#hasSeen(options?.minVersion)) {
      const entry = this.#memory.hit(name)
      if (entry?.flag?.quick) {
        this.#counts.memoryHits++
        return entry.flag.admits(key) ? this.#yes : this.#no
      }
    }
    return this.#isEnabled(name, who, options)
  }

  async evaluate(name: string, who?: Who, options?: EvaluateOptions): Promise<Evaluation> {
    const target = targetOf(who)
    return this.#evaluation(name, target, await this.#decide(name, target, 'endpoint', options?.minVersion), options)
  }

  async value<T extends JsonValue>(name: string, who?: Who, options?: Partial<ValueOptions<T>>): Promise<Widen<T>> {
    const fallback = fallbackOf(name, options?.default, this.#definitions.get(name))
    const found = await this.#decide(name, targetOf(who), 'endpoint', options?.minVersion)
    if (found.kind === 'none') return fallback
    return valueFor(found.decision as Decision, fallback, this.#parts.events.report)
  }

  async snapshot(options?: SnapshotOptions): Promise<FlagSnapshot> {
    this.#clientState.assertOpen()
    const { snapshots } = this.#parts
    const minVersion = options?.minVersion
    const currentIfKnown = this.#hasSeen(minVersion) ? snapshots.currentIfKnown() : undefined
    if (currentIfKnown !== undefined) return currentIfKnown
    if (minVersion !== undefined && !(minVersion >= 0)) throw invalidMinVersion()
    return await snapshots.take(minVersion)
  }

  async explain(name: string, who?: Who): Promise<Explanation> {
    this.#clientState.assertOpen()
    const target = targetOf(who)
    // Never throws, also for a flag with `onUnavailable: 'throw'`, and notes no use.
    const answer = async (): Promise<Evaluation> => this.#evaluation(name, target, await this.#decideUnnoted(name, target, 'endpoint', 0))
    return await this.#parts.explainer.explain(answer, target instanceof FlagsError ? undefined : target)
  }

  async ready(): Promise<void> {
    this.#clientState.assertOpen()
    const { catchUp, hints } = this.#parts
    await catchUp.start()
    await hints?.open()
  }

  on<E extends keyof FlagsEvents>(event: E, listener: FlagsListener<E>): () => void {
    return this.#parts.events.on(event, listener)
  }

  stats(): FlagsStats {
    const { memoryHits, memoryMisses, decisionHits, decisionMisses, cacheHits, cacheMisses, storeReads, storeFlags } = this.#counts
    return {
      memory: { hits: memoryHits, misses: memoryMisses },
      decision: { hits: decisionHits, misses: decisionMisses },
      cache: { hits: cacheHits, misses: cacheMisses },
      store: { reads: storeReads, flags: storeFlags },
      clock: this.#parts.catchUp.clock,
      leased: this.#parts.lease.valid,
      stale: this.#parts.leaseEvents.stale,
      channels: this.#parts.channels.alive,
    }
  }

  close(): Promise<void> {
    this.#parts.clientState.close()
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // Not async either: an answer from memory needs no promise of its own, also where the flag has rules.
  #isEnabled(name: string, who: Who | undefined, options: EvaluateOptions | undefined): Promise<boolean> {
    const target = targetOf(who)
    const found = this.#decideFromMemory(name, target, options?.minVersion)
    if (found === undefined) return this.#gate(name, target, options)
    this.#note(name, found, 'check')
    return gateOf(found, false) ? this.#yes : this.#no
  }

  async #gate(name: string, target: Target | FlagsError, options: EvaluateOptions | undefined): Promise<boolean> {
    const found = await this.#decide(name, target, 'check', options?.minVersion)
    return gateOf(found, options?.default ?? this.#defaultOf(name) === true)
  }

  #evaluation(name: string, target: Target | FlagsError, found: Decided | NoAnswer, options?: EvaluateOptions): Evaluation {
    const fallback = options?.default ?? this.#defaultOf(name) === true
    if (found.kind === 'none') return unknownEvaluation(name, target instanceof FlagsError ? undefined : target.key, fallback, found.error)
    return evaluationOf(found, fallback)
  }

  /** Decides, and notes the use. Rejects only for a flag with `onUnavailable: 'throw'`. */
  async #decide(name: string, target: Target | FlagsError, kind: DecisionKind, minVersion = 0): Promise<Decided | NoAnswer> {
    const found = await this.#decideUnnoted(name, target, kind, minVersion)
    if (found.kind === 'decided') this.#note(name, found, kind)
    if (found.kind === 'none' && this.#definitions.get(name)?.onUnavailable === 'throw') throw found.error
    return found
  }

  async #decideUnnoted(name: string, target: Target | FlagsError, kind: DecisionKind, minVersion: number): Promise<Decided | NoAnswer> {
    const { decider, events } = this.#parts
    if (this.#clientState.closed) return none(closedError())
    if (target instanceof FlagsError) {
      events.report(target)
      return none(target)
    }
    const fromMemory = this.#decideFromMemory(name, target, minVersion)
    if (fromMemory !== undefined) return fromMemory
    if (!isFlagName(name)) return none(notAFlagName(name))
    if (!(minVersion >= 0)) return none(invalidMinVersion())
    const found = await decider.decide(name, target, kind, minVersion)
    if (found.kind === 'none' && found.error.code === 'VERSION_NOT_REACHED') events.report(found.error)
    return found
  }

  /** A closed client's memory is empty. */
  #decideFromMemory(name: string, target: Target | FlagsError, minVersion: number | undefined): Decided | undefined {
    return target instanceof FlagsError || !this.#hasSeen(minVersion) ? undefined : this.#parts.decider.fromMemory(name, target)
  }

  #note(name: string, { decision }: Decided, kind: DecisionKind): void {
    this.#parts.uses.note(name, decision, kind, this.#memory.held(name)?.flag)
  }

  /** Whether this process has seen `minVersion`: then memory is new enough. */
  #hasSeen(minVersion: number | undefined): boolean {
    return minVersion === undefined || (minVersion >= 0 && minVersion <= this.#parts.catchUp.clock)
  }

  #defaultOf(name: string): JsonValue | undefined {
    return this.#definitions.get(name)?.default
  }

  async #close(): Promise<void> {
    const { hints, background, lease, memory, uses, invalidations, store, cache } = this.#parts
    lease.end()
    memory.close()
    await hints?.close()
    await invalidations.raiseOwed()
    await uses.close()
    await background.close()
    await Promise.all([store.close(), cache?.close()])
  }
}

function invalidMinVersion(): FlagsError {
  return new FlagsError('INVALID_OPTIONS', 'The option minVersion must be a version: 0 or more.')
}
