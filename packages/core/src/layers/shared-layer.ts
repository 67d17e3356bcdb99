import type {
  CacheFill,
  CacheRead,
  CacheUpdatedRecord,
  CacheWant,
  Call,
  Clock,
  FlagCache,
  LoadedRecord,
  StoredRecord,
} from '../contracts/index.ts'
import { FlagsError, toFlagsError } from '../errors/flags-error.ts'
import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import { EMPTY_VIEW } from '../evaluate/evaluation-view.ts'
import { plainTarget } from '../evaluate/target.ts'
import { Breaker } from './breaker.ts'
import type { Compiled } from './compiler.ts'
import { withDeadline } from './deadline.ts'
import type { Ttl } from './ttl.ts'

/** The longest time to live of "does not exist". */
const ABSENT_MS = 30_000
/** So that flags filled together do not expire together: up to this share of their time to live is taken off. */
const SPREAD = 0.1
/** How many names are forgotten at a time. */
const FORGET_BATCH = 500
/** A decision for a targeting key of more bytes is not cached. */
const MAX_KEY_BYTES = 256
/** A decision of more characters of JSON is not cached. */
const MAX_DECISION = 10_000

/** The result of a read that could not be made. */
export const NOTHING: CacheRead = { token: undefined, fenceVersion: 0 }

/** L1 and L2: the shared cache, with a deadline on every call. Where it fails, reads go on as if there were none. */
export class SharedLayer {
  readonly #cache: FlagCache | undefined
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #ttl: Ttl
  readonly #report: (error: FlagsError) => void
  readonly #breaker: Breaker
  /** The names whose fences must be forgotten before anything may be read. */
  #quarantined: readonly string[] = []

  constructor(cache: FlagCache | undefined, clock: Clock, timeoutMs: number, ttl: Ttl, report: (error: FlagsError) => void) {
    this.#cache = cache
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#ttl = ttl
    this.#report = report
    this.#breaker = new Breaker(clock)
  }

  /** Whether decisions of this kind are cached for this targeting key. */
  sharesDecision(kind: 'check' | 'endpoint', key: string): boolean {
    if (this.#cache === undefined || this.#decisionTtl(kind) === 0 || key.length > MAX_KEY_BYTES) return false
    return key.length <= MAX_KEY_BYTES / 3 || Buffer.byteLength(key) <= MAX_KEY_BYTES
  }

  /** One read for all of them; `NOTHING` for each where the cache fails. Never rejects. */
  async read(wanted: readonly CacheWant[]): Promise<readonly CacheRead[]> {
    if (this.#cache !== undefined && !this.#breaker.open && this.#quarantined.length === 0) {
      try {
        return await this.#call((cache, call) => cache.read(wanted, call))
      } catch (error) {
        this.#report(error as FlagsError)
      }
    }
    return wanted.map(() => NOTHING)
  }

  get present(): boolean {
    return this.#cache !== undefined
  }

  /** Why the cache is not read now; `undefined` where it is. */
  get whyNotRead(): string | undefined {
    if (this.#quarantined.length > 0) return 'entries of a history that the store has lost are being removed from it'
    return this.#breaker.open ? (this.#breaker.cause as FlagsError).message : undefined
  }

  /** Tells the cache which store's flags it keeps. */
  async open(storeId: string, timeoutMs: number): Promise<void> {
    if (this.#cache !== undefined) await this.#call((cache) => cache.open(storeId, this.#report), timeoutMs)
  }

  /** From here on nothing is read from the cache until `release` has removed fences and flags of these names. */
  quarantine(names: readonly string[]): void {
    this.#quarantined = [...new Set([...this.#quarantined, ...names])]
  }

  /** Removes what is quarantined, which ends the quarantine. Rejects, and keeps the rest of it, where the cache cannot be reached. */
  async release(): Promise<void> {
    while (this.#quarantined.length > 0) {
      const names = this.#quarantined.slice(0, FORGET_BATCH)
      await this.forget(names)
      this.#quarantined = this.#quarantined.filter((name) => !names.includes(name))
    }
  }

  /** Removes fences and flags of these names. */
  async forget(names: readonly string[]): Promise<void> {
    if (this.#cache !== undefined) await this.#call((cache, call) => cache.forget(names, call))
  }

  /** Fills the cache, where the fences still allow it. */
  async fill(fills: readonly CacheFill[]): Promise<void> {
    if (fills.length > 0) await this.#call((cache, call) => cache.fill(fills, call))
  }

  /** The current fences, to be read before the store is read or written; none where flags are not cached. Never rejects. */
  async fencesOf(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const fences = new Map<string, string>()
    if (this.#cache === undefined || this.#ttl.flagMs === 0 || names.length === 0) return fences
    for (const [index, { token }] of (await this.read(names.map((name) => ({ name })))).entries()) {
      if (token !== undefined) fences.set(names[index] as string, token)
    }
    return fences
  }

  /** Raises the fence. Where it still was `token`, `after` takes the flag's place. Rejects where the cache cannot be reached. */
  async invalidate(name: string, version: number, after?: LoadedRecord, token?: string): Promise<void> {
    const updatedRecord = after === undefined || token === undefined ? undefined : this.#updatedRecord(after, token)
    await this.#call((cache, call) => cache.invalidate(name, version, updatedRecord, call))
  }

  /** Whether the cache gives out listener slots. */
  get hasListenerSlots(): boolean {
    return this.#cache?.takeListenerSlot !== undefined
  }

  /** Takes or keeps one of `slots` listener slots. Rejects where the cache cannot be reached. */
  async takeListenerSlot(holder: string, slots: number, ttlMs: number): Promise<boolean> {
    return await this.#call(async (cache, call) => (await cache.takeListenerSlot?.(holder, slots, ttlMs, call)) ?? false)
  }

  /** The fill for a flag and the decision that was wanted with it: one or none. */
  fillOf(wanted: CacheWant, token: string | undefined, flag: Compiled | null, asOf: number, withFlag: boolean): CacheFill[] {
    if (token === undefined) return []
    const value = flag?.record ?? null
    const flagFill = withFlag && this.#ttl.flagMs > 0 ? { asOf, value, ttlMs: this.#flagMs(value) } : undefined
    const decision = flag instanceof CompiledFlag ? this.#decisionOf(wanted, flag, asOf) : undefined
    if (flagFill === undefined && decision === undefined) return []
    return [{ name: wanted.name, token, ...(flagFill && { flag: flagFill }), ...(decision && { decision }) }]
  }

  #decisionOf(wanted: CacheWant, flag: CompiledFlag, asOf: number): CacheFill['decision'] {
    if (wanted.decision === undefined || !dependsOnKeyAlone(flag)) return undefined
    const { kind, targetingKey } = wanted.decision
    const decision = flag.evaluate(plainTarget(targetingKey), EMPTY_VIEW)
    const value = kind === 'check' ? decision.enabled : decision
    if (decision.errorCode !== undefined || JSON.stringify(value).length > MAX_DECISION) return undefined
    return { kind, targetingKey, asOf, value, ttlMs: this.#decisionTtl(kind) }
  }

  #updatedRecord(after: LoadedRecord, token: string): CacheUpdatedRecord | undefined {
    return after instanceof FlagsError ? undefined : { token, value: after, ttlMs: this.#flagMs(after) }
  }

  #flagMs(value: StoredRecord | null): number {
    const ttlMs = value === null ? Math.min(ABSENT_MS, this.#ttl.flagMs) : this.#ttl.flagMs
    return Math.ceil(ttlMs * (1 - SPREAD * Math.random()))
  }

  #decisionTtl(kind: 'check' | 'endpoint'): number {
    return kind === 'check' ? this.#ttl.checkMs : this.#ttl.endpointMs
  }

  async #call<T>(work: (cache: FlagCache, call: Call) => Promise<T>, timeoutMs: number = this.#timeoutMs): Promise<T> {
    const cache = this.#cache
    if (cache === undefined) throw new FlagsError('CACHE_UNAVAILABLE', 'There is no cache.')
    try {
      const result = await withDeadline(
        this.#clock,
        timeoutMs,
        (call) => work(cache, call),
        () => late(timeoutMs),
      )
      this.#breaker.reset()
      return result
    } catch (cause) {
      const error = toFlagsError(cause, 'CACHE_UNAVAILABLE', 'The cache cannot be used')
      this.#breaker.trip(error)
      throw error
    }
  }
}

/**
 * Rules may look at the targeting key. A decision that depends on time, segments or other flags is not cached; one that takes another hashed
 * attribute, where it matters, has an error code, and is not cached either.
 */
function dependsOnKeyAlone({ dependencies, ramp }: CompiledFlag): boolean {
  return dependencies.length === 0 && ramp === undefined
}

function late(ms: number): FlagsError {
  return new FlagsError('CACHE_TIMEOUT', `The cache did not answer within ${ms} ms.`)
}
