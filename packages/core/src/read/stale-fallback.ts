import { LRUCache } from 'lru-cache'
import type { CacheRead, Clock, Loaded, StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { Claims } from '../history/claims.ts'
import type { Floors } from '../history/floors.ts'
import type { Compiler } from '../layers/compiler.ts'
import type { FlagAnswer } from '../layers/flag-answer.ts'
import { RECHECK_MS } from '../layers/memory-layer.ts'
import type { FlagLoad } from '../layers/single-flight.ts'
import type { StoreReplica } from '../layers/store-replica.ts'

/** For how many flags it is remembered that no replica could answer. */
const MAX_ASKED_IN_VAIN = 10_000

/** A load that the cache could not answer, and what it read there. */
export interface UnansweredLoad {
  readonly load: FlagLoad
  readonly read: CacheRead
}

/** A flag from the cache or a replica, which may be too old. */
interface Copy {
  readonly asOf: number
  readonly value: StoredRecord | null
  readonly source: 'cache' | 'store'
}

export interface StaleFallbackParts {
  readonly clock: Clock
  readonly replica: StoreReplica
  readonly floors: Floors
  readonly compiler: Compiler
  readonly catchUp: CatchUp
  readonly claims: Claims
  readonly report: (error: FlagsError) => void
}

/**
 * What is answered, as `STALE`, where the store cannot be read: a cache entry below the common floor, or what a replica has, which lags. Never
 * below the flag's own floor, so that no answer goes back.
 */
export class StaleFallback {
  readonly #parts: StaleFallbackParts
  /** When a replica was last asked for a flag and could not answer. */
  readonly #askedInVain = new LRUCache<string, number>({ max: MAX_ASKED_IN_VAIN })
  /** When a replica was last asked for all flags. */
  #allAskedAt = Number.NEGATIVE_INFINITY

  constructor(parts: StaleFallbackParts) {
    this.#parts = parts
  }

  /** By name, the answers that the cache or a replica has. `fromStandby`: what a standby has answered in place of the store, a replica too. */
  async find(missing: readonly UnansweredLoad[], fromStandby?: Loaded): Promise<ReadonlyMap<string, FlagAnswer>> {
    const { clock, compiler } = this.#parts
    const asked = missing.map(({ load }) => load.name).filter((name) => this.#mayAskReplica(name))
    const copies = this.#copiesIn(fromStandby === undefined ? await this.#fromReplica(asked) : this.#parts.replica.accept(fromStandby))
    const answers = new Map<string, FlagAnswer>()
    await compiler.prepare([...missing.map(({ read }) => read.flag?.value), ...[...copies.values()].map(({ value }) => value)])
    for (const { load, read } of missing) {
      const { name } = load
      const answer = this.#answer(name, newer(read.flag && { ...read.flag, source: 'cache' }, copies.get(name)))
      if (answer !== undefined) answers.set(name, answer)
    }
    for (const name of asked) if (!answers.has(name)) this.#askedInVain.set(name, clock.monotonic())
    return answers
  }

  /** All flags from a replica, which is asked at most every 2 s; `undefined` where it is behind anything that this process has answered. */
  async findAll(fromStandby?: Loaded): Promise<Loaded | undefined> {
    const { clock, replica, compiler, floors, catchUp, claims } = this.#parts
    if (clock.monotonic() - this.#allAskedAt < RECHECK_MS) return undefined
    this.#allAskedAt = clock.monotonic()
    const loaded = fromStandby === undefined ? await replica.loadAll() : replica.accept(fromStandby)
    if (loaded === undefined) return undefined
    await compiler.prepare(loaded.flags.values())
    if (loaded.asOf < floors.highest) return undefined
    if (loaded.asOf > catchUp.clock) for (const name of loaded.flags.keys()) claims.add(name, loaded.asOf, 0)
    return loaded
  }

  #answer(name: string, copy: Copy | undefined): FlagAnswer | undefined {
    const { floors, compiler, catchUp, claims } = this.#parts
    if (copy === undefined || copy.asOf < floors.own(name)) return undefined
    const { asOf, value, source } = copy
    if (asOf > catchUp.clock) claims.add(name, asOf, value?.version ?? 0)
    return { kind: 'flag', flag: compiler.compile(value), asOf, source, stale: true }
  }

  #mayAskReplica(name: string): boolean {
    const { clock } = this.#parts
    return clock.monotonic() - (this.#askedInVain.get(name) ?? Number.NEGATIVE_INFINITY) >= RECHECK_MS
  }

  async #fromReplica(names: readonly string[]): Promise<Loaded | undefined> {
    return names.length === 0 ? undefined : await this.#parts.replica.load(names)
  }

  #copiesIn(loaded: Loaded | undefined): ReadonlyMap<string, Copy> {
    const copies = new Map<string, Copy>()
    if (loaded === undefined) return copies
    for (const [name, value] of loaded.flags) {
      if (value instanceof FlagsError) this.#parts.report(value)
      else copies.set(name, { asOf: loaded.asOf, value, source: 'store' })
    }
    return copies
  }
}

function newer(one: Copy | undefined, other: Copy | undefined): Copy | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.asOf > one.asOf ? other : one
}
