import { LRUCache } from 'lru-cache'
import type { CacheRead, Clock, StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors.ts'
import type { CatchUp } from '../write/catch-up.ts'
import type { Doubts } from '../write/doubts.ts'
import type { Floors } from '../write/floors.ts'
import type { FlagAnswer } from './answer.ts'
import type { Compiler } from './compiler.ts'
import type { Flight } from './flights.ts'
import { RECHECK_MS } from './memory-layer.ts'
import type { StoreLayer } from './store-layer.ts'

/** For how many flags it is remembered that a replica could not help. */
const MAX_IN_VAIN = 10_000

/** A flight that the cache could not land, and what the cache said. */
export interface Missing {
  readonly flight: Flight
  readonly read: CacheRead
}

/** A flag as somebody has it whom nobody vouches for. */
interface Copy {
  readonly asOf: number
  readonly value: StoredRecord | null
  readonly source: 'cache' | 'store'
}

export interface LastResortParts {
  readonly clock: Clock
  readonly store: StoreLayer
  readonly floors: Floors
  readonly compiler: Compiler
  readonly catchUp: CatchUp
  readonly doubts: Doubts
  readonly report: (error: FlagsError) => void
}

/**
 * What may be answered where the store cannot be read: what the cache has, though it is too old to trust, or what a replica has, which lags.
 * Better than a guess, as long as it takes nothing back.
 */
export class LastResort {
  readonly #parts: LastResortParts
  /** When a replica was asked for a flag in vain. */
  readonly #inVain = new LRUCache<string, number>({ max: MAX_IN_VAIN })
  /** The other store whose replica was told of. */
  #strangerId: string | undefined

  constructor(parts: LastResortParts) {
    this.#parts = parts
  }

  /** By name, an answer for each flag that has one. */
  async find(missing: readonly Missing[]): Promise<ReadonlyMap<string, FlagAnswer>> {
    const { clock, compiler } = this.#parts
    const asked = missing.map(({ flight }) => flight.name).filter((name) => this.#mayHelp(name))
    const copies = await this.#fromReplica(asked)
    const answers = new Map<string, FlagAnswer>()
    await compiler.prepare([...missing.map(({ read }) => read.flag?.value), ...[...copies.values()].map(({ value }) => value)])
    for (const { flight, read } of missing) {
      const { name } = flight
      const answer = this.#answer(name, newer(read.flag && { ...read.flag, source: 'cache' }, copies.get(name)))
      if (answer !== undefined) answers.set(name, answer)
    }
    for (const name of asked) if (!answers.has(name)) this.#inVain.set(name, clock.monotonic())
    return answers
  }

  #answer(name: string, copy: Copy | undefined): FlagAnswer | undefined {
    const { floors, compiler, catchUp, doubts } = this.#parts
    if (copy === undefined || copy.asOf < floors.own(name)) return undefined
    const { asOf, value, source } = copy
    if (asOf > catchUp.clock) doubts.add(name, asOf)
    return { kind: 'flag', flag: compiler.compile(value), asOf, source, stale: true }
  }

  #mayHelp(name: string): boolean {
    const { clock } = this.#parts
    return clock.monotonic() - (this.#inVain.get(name) ?? Number.NEGATIVE_INFINITY) >= RECHECK_MS
  }

  /** Never rejects. */
  async #fromReplica(names: readonly string[]): Promise<ReadonlyMap<string, Copy>> {
    const copies = new Map<string, Copy>()
    if (names.length === 0) return copies
    const { store, catchUp, report } = this.#parts
    try {
      const loaded = await store.loadFromReplica(names)
      if (loaded === undefined) return copies
      if (!catchUp.follows(loaded.storeId)) {
        this.#tellOf(loaded.storeId)
        return copies
      }
      for (const [name, value] of loaded.flags) {
        if (value instanceof FlagsError) report(value)
        else copies.set(name, { asOf: loaded.asOf, value, source: 'store' })
      }
    } catch (error) {
      report(error as FlagsError)
    }
    return copies
  }

  #tellOf(strangerId: string): void {
    if (strangerId === this.#strangerId) return
    this.#strangerId = strangerId
    const message = `The store's replica is of another store, ${strangerId}: nothing is answered from it. Point it at a replica of the same database.`
    this.#parts.report(new FlagsError('REPLICA_OF_OTHER_STORE', message))
  }
}

function newer(one: Copy | undefined, other: Copy | undefined): Copy | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.asOf > one.asOf ? other : one
}
