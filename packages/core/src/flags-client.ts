import type { FlagsAdmin } from './admin.ts'
import type { Background } from './background.ts'
import type { CacheWant, Decision, DecisionKind, Evaluation, FlagCache, FlagStore, JsonValue, Reason } from './contracts/index.ts'
import { FlagsError } from './errors.ts'
import { absent } from './evaluate/compiled-flag.ts'
import { type Target, targetOf, type Who } from './evaluate/target.ts'
import type { EvaluateOptions, Flags, FlagsStats, ValueOptions } from './flags.ts'
import { type Answer, none } from './read/answer.ts'
import type { Counts } from './read/counts.ts'
import type { MemoryLayer } from './read/memory-layer.ts'
import type { ReadPath } from './read/read-path.ts'
import type { SharedLayer } from './read/shared-layer.ts'
import type { FlagsEvents, Reporter } from './reporter.ts'
import type { FlagDefinition, FlagSchema, Widen } from './schema.ts'
import { isFlagName } from './validate/schemas.ts'
import type { CatchUp } from './write/catch-up.ts'
import type { HintChannels } from './write/hint-channels.ts'
import type { Hints } from './write/hints.ts'
import type { Invalidations } from './write/invalidations.ts'

export interface ClientParts {
  readonly store: FlagStore
  readonly cache: FlagCache | undefined
  readonly schema: FlagSchema
  readonly memory: MemoryLayer
  readonly shared: SharedLayer
  readonly reads: ReadPath
  readonly catchUp: CatchUp
  readonly invalidations: Invalidations
  readonly channels: HintChannels
  readonly hints: Hints | undefined
  readonly admin: FlagsAdmin
  readonly background: Background
  readonly reporter: Reporter
  readonly counts: Counts
}

/** The facade: from a name and a targeting key to an answer, by way of the layers. */
export class FlagsClient implements Flags {
  readonly admin: FlagsAdmin
  readonly #parts: ClientParts
  readonly #memory: MemoryLayer
  readonly #counts: Counts
  readonly #definitions: ReadonlyMap<string, FlagDefinition>
  // Answers that are there already need no promise of their own.
  readonly #yes = Promise.resolve(true)
  readonly #no = Promise.resolve(false)
  #closing: Promise<void> | undefined

  constructor(parts: ClientParts) {
    this.admin = parts.admin
    this.#parts = parts
    this.#memory = parts.memory
    this.#counts = parts.counts
    this.#definitions = new Map(Object.entries(parts.schema))
  }

  // Not async: an answer from memory allocates nothing and waits for nothing.
  isEnabled(name: string, who?: Who, options?: EvaluateOptions): Promise<boolean> {
    const key = typeof who === 'number' && Number.isSafeInteger(who) ? String(who) : who
    if (typeof key === 'string' && key !== '' && this.#knows(options?.minVersion)) {
      const slot = this.#memory.hit(name)
      if (slot !== undefined && slot.flag !== null) {
        this.#counts.memoryHits++
        return slot.flag.admits(key) ? this.#yes : this.#no
      }
    }
    return this.#isEnabled(name, who, options)
  }

  async evaluate(name: string, who?: Who, options?: EvaluateOptions): Promise<Evaluation> {
    const target = targetOf(who)
    const key = target instanceof FlagsError ? undefined : target.key
    const slot = target instanceof FlagsError || !this.#knows(options?.minVersion) ? undefined : this.#memory.hit(name)
    if (slot !== undefined && slot.flag !== null) {
      this.#counts.memoryHits++
      return { ...slot.flag.decide(key), source: 'memory', asOf: slot.asOf }
    }
    const fallback = options?.default ?? this.#defaultOf(name) === true
    const answer = await this.#ask(name, target, 'endpoint', options?.minVersion)
    if (answer.kind === 'none') return unknown(name, key, fallback, answer.error)
    const { asOf, source, stale } = answer
    const decision = answer.kind === 'decision' ? (answer.decision as Decision) : (answer.flag?.decide(key) ?? absent(name, key))
    const isAbsent = decision.errorCode === 'FLAG_NOT_FOUND'
    const reason: Reason = stale && (isAbsent || decision.reason !== 'ERROR') ? 'STALE' : decision.reason
    const enabled = isAbsent ? fallback : decision.enabled
    return { ...decision, enabled, reason, source, asOf }
  }

  async value<T extends JsonValue>(name: string, who?: Who, options?: Partial<ValueOptions<T>>): Promise<Widen<T>> {
    const fallback = (options?.default ?? this.#defaultOf(name)) as Widen<T> | undefined
    if (fallback === undefined) {
      throw new FlagsError('INVALID_OPTIONS', `Flag ${name} is not in the schema: give a default.`, { flag: name })
    }
    if (typeof fallback !== 'boolean') {
      const message = `Flag ${name} has no variants, so its value is true or false, not a ${typeof fallback}.`
      this.#parts.reporter.report(new FlagsError('TYPE_MISMATCH', message, { flag: name }))
      return fallback
    }
    const minVersion = options?.minVersion
    const enabled = await this.#isEnabled(name, who, { default: fallback, ...(minVersion === undefined ? {} : { minVersion }) })
    return (enabled || fallback) as Widen<T>
  }

  async ready(): Promise<void> {
    this.assertOpen()
    const { catchUp, hints } = this.#parts
    await catchUp.start()
    await hints?.open()
  }

  on<E extends keyof FlagsEvents>(event: E, listener: (event: FlagsEvents[E]) => void): () => void {
    return this.#parts.reporter.on(event, listener)
  }

  stats(): FlagsStats {
    const { memoryHits, memoryMisses, decisionHits, decisionMisses, cacheHits, cacheMisses, storeReads, storeFlags } = this.#counts
    return {
      memory: { hits: memoryHits, misses: memoryMisses },
      decision: { hits: decisionHits, misses: decisionMisses },
      cache: { hits: cacheHits, misses: cacheMisses },
      store: { reads: storeReads, flags: storeFlags },
      clock: this.#parts.catchUp.clock,
      leased: this.#memory.leased,
      channels: this.#parts.channels.alive,
    }
  }

  /** Throws `CLOSED` once the client is closed. */
  assertOpen(): void {
    if (this.#closing !== undefined) throw closed()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #isEnabled(name: string, who: Who | undefined, options: EvaluateOptions | undefined): Promise<boolean> {
    const fallback = options?.default ?? this.#defaultOf(name) === true
    const target = targetOf(who)
    const answer = await this.#ask(name, target, 'check', options?.minVersion)
    if (answer.kind === 'none' || target instanceof FlagsError) return fallback
    if (answer.kind === 'decision') return answer.decision === true
    if (answer.flag === null) return fallback
    return target.key === undefined ? answer.flag.decide(undefined).enabled : answer.flag.admits(target.key)
  }

  /** Rejects only for a flag that must not guess. */
  async #ask(name: string, target: Target | FlagsError, kind: DecisionKind, minVersion = 0): Promise<Answer> {
    const answer = await this.#answer(name, target, kind, minVersion)
    if (answer.kind === 'none' && this.#definitions.get(name)?.onUnavailable === 'throw') throw answer.error
    return answer
  }

  async #answer(name: string, target: Target | FlagsError, kind: DecisionKind, minVersion: number): Promise<Answer> {
    if (this.#closing !== undefined) return none(closed())
    if (target instanceof FlagsError) {
      this.#parts.reporter.report(target)
      return none(target)
    }
    if (!isFlagName(name)) return none(new FlagsError('FLAG_NOT_FOUND', `No flag can be called ${String(name).slice(0, 140)}.`))
    if (!(minVersion >= 0)) return none(new FlagsError('INVALID_OPTIONS', 'The option minVersion must be a version: 0 or more.'))
    const { key, plain } = target
    const shares = plain && key !== undefined && this.#parts.shared.sharesDecision(kind, key)
    const wanted: CacheWant = shares ? { name, decision: { kind, targetingKey: key } } : { name }
    const answer = await this.#parts.reads.read(wanted, minVersion)
    if (answer.kind === 'none' && answer.error.code === 'VERSION_NOT_REACHED') this.#parts.reporter.report(answer.error)
    return answer
  }

  /** Whether this process has seen the version that is asked for: then memory is as new as it has to be. */
  #knows(minVersion: number | undefined): boolean {
    return minVersion === undefined || minVersion <= this.#parts.catchUp.clock
  }

  #defaultOf(name: string): JsonValue | undefined {
    return this.#definitions.get(name)?.default
  }

  async #close(): Promise<void> {
    const { hints, background, memory, invalidations, store, cache } = this.#parts
    memory.close()
    await hints?.close()
    await invalidations.settle()
    await background.close()
    await Promise.all([store.close(), cache?.close()])
  }
}

function closed(): FlagsError {
  return new FlagsError('CLOSED', 'The client is closed.')
}

function unknown(name: string, key: string | undefined, enabled: boolean, { code, message }: FlagsError): Evaluation {
  const asked = { name, ...(key === undefined ? {} : { targetingKey: key }) }
  return { ...asked, enabled, reason: 'ERROR', source: 'default', errorCode: code, errorMessage: message }
}
