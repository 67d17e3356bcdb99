import type { CacheFill, CacheRead, CacheWant, Loaded } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { Claims } from '../history/claims.ts'
import type { ContiguousHints } from '../history/contiguous-hints.ts'
import type { Floors } from '../history/floors.ts'
import type { Lease } from '../history/lease.ts'
import type { Compiler } from '../layers/compiler.ts'
import { type Answer, changesTooFast, type FlagAnswer, type NoAnswer, none, versionNotReached } from '../layers/flag-answer.ts'
import type { Invalidations } from '../layers/invalidations.ts'
import type { MemoryEntry, MemoryLayer } from '../layers/memory-layer.ts'
import { NOTHING, type SharedLayer } from '../layers/shared-layer.ts'
import type { FlagLoad, SingleFlight } from '../layers/single-flight.ts'
import { type StoreLayer, standbyError } from '../layers/store-layer.ts'
import { titleOf } from '../validate/record-key.ts'
import type { LayerCounts } from './layer-counts.ts'
import type { StaleFallback, UnansweredLoad } from './stale-fallback.ts'

/** How often a flag is read where changes overtake the read. */
const ATTEMPTS = 3

export interface ReadParts {
  readonly memory: MemoryLayer
  readonly lease: Lease
  readonly shared: SharedLayer
  readonly store: StoreLayer
  readonly staleFallback: StaleFallback
  readonly compiler: Compiler
  readonly loads: SingleFlight
  readonly floors: Floors
  readonly catchUp: CatchUp
  readonly contiguousHints: ContiguousHints
  readonly claims: Claims
  readonly invalidations: Invalidations
  readonly counts: LayerCounts
  readonly report: (error: FlagsError) => void
}

/** Reads memory → decision → flag → store, and fills each layer on the way back. */
export class ReadPath {
  readonly #parts: ReadParts

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  /** Never rejects. No answer is older than one that this process has given. */
  async read(wanted: CacheWant, minVersion: number): Promise<Answer> {
    const { catchUp, floors } = this.#parts
    const { name } = wanted
    if (!catchUp.current) await catchUp.tryOnce()
    if (minVersion > catchUp.clock && (await catchUp.reach(minVersion)) !== 'reached') return none(versionNotReached(minVersion, name))
    const answer = await this.#readCascade(wanted)
    // Every change up to `minVersion` is known by now; a stale answer from below the floor may have missed one.
    const tooOld = answer.kind !== 'none' && answer.stale && answer.asOf < minVersion && answer.asOf < floors.of(name)
    return tooOld ? none(versionNotReached(minVersion, name)) : answer
  }

  async #readCascade(wanted: CacheWant): Promise<Answer> {
    const { loads, floors, memory, counts } = this.#parts
    const { name } = wanted
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const held = this.#fromMemory(name)
      if (held !== undefined) return held
      if (attempt === 0 && memory.enabled) counts.memoryMisses++
      const answer = await loads.join(wanted, this.#runLoads)
      if (answer.kind === 'none') return this.#lastKnownGood(name, answer.error)
      // A stale answer is held to the flag's own floor only.
      if (answer.asOf >= (answer.stale ? floors.own(name) : floors.of(name))) {
        memory.noteAnswer(name, answer.asOf, answer.kind === 'decision' || answer.flag !== null)
        return answer
      }
    }
    return this.#lastKnownGood(name, changesTooFast(name))
  }

  #fromMemory(name: string): FlagAnswer | NoAnswer | undefined {
    const { memory, lease, store, counts, compiler } = this.#parts
    const hit = memory.hit(name)
    if (hit !== undefined) {
      counts.memoryHits++
      return { kind: 'flag', flag: hit.flag, asOf: hit.asOf, source: 'memory', stale: false }
    }
    const unusable = compiler.unusable(name)
    if (unusable !== undefined) return this.#lastKnownGood(name, unusable)
    // With a lease and a store that answers, the flag is read; otherwise at most every 2 s.
    const held = lease.valid && !store.failing ? undefined : memory.recentlyRead(name)
    return held && this.#staleAnswer(name, held)
  }

  #lastKnownGood(name: string, error: FlagsError): FlagAnswer | NoAnswer {
    const held = this.#parts.memory.lastKnownGood(name)
    return held === undefined ? none(error) : this.#staleAnswer(name, held)
  }

  #staleAnswer(name: string, { flag, asOf }: MemoryEntry): FlagAnswer {
    this.#parts.floors.raiseByAnswer(name, asOf, flag !== null)
    return { kind: 'flag', flag, asOf, source: 'memory', stale: true }
  }

  readonly #runLoads = async (loads: readonly FlagLoad[]): Promise<void> => {
    const { shared, compiler } = this.#parts
    const reads = await this.#verified(loads, await shared.read(loads.map((load) => load.wanted)))
    const preparing = compiler.prepare(reads.map(({ flag }) => flag?.value))
    if (preparing !== undefined) await preparing
    const fills: CacheFill[] = []
    const missing: UnansweredLoad[] = []
    loads.forEach((load, index) => {
      const read = reads[index] ?? NOTHING
      if (!this.#answerFromCache(load, read, fills)) missing.push({ load, read })
    })
    if (missing.length > 0) await this.#answerFromStore(missing, fills)
    await shared.fill(fills)
  }

  /**
   * Refutes what the store's history does not have: a change that the log passed without it, and what is ahead of the store. Up to contiguous hints,
   * or where the store cannot be asked, the latter counts for now, as a claim.
   */
  async #verified(loads: readonly FlagLoad[], reads: readonly CacheRead[]): Promise<readonly CacheRead[]> {
    const { catchUp, contiguousHints, claims, floors } = this.#parts
    const highest = reads.reduce((high, read) => Math.max(high, versionOf(read)), 0)
    const countsForNow =
      highest > catchUp.clock && (highest <= contiguousHints.upTo(catchUp.clock) || (await catchUp.reach(highest)) === 'unknown')
    return loads.map(({ name }, index) => {
      const read = reads[index] ?? NOTHING
      const version = versionOf(read)
      const isAhead = version > catchUp.clock
      if (!isAhead && !floors.isNotInLog(name, read.fenceVersion, catchUp.clock)) return read
      if (isAhead && countsForNow) {
        claims.add(name, version, changeIn(read))
        return read
      }
      claims.refute(name, isAhead ? version : read.fenceVersion, catchUp.clock)
      return NOTHING
    })
  }

  /** Returns whether the load needs nothing from the store. */
  #answerFromCache(load: FlagLoad, read: CacheRead, fills: CacheFill[]): boolean {
    const { floors, memory, lease, counts, compiler, loads, shared, catchUp, contiguousHints } = this.#parts
    const { name, wanted } = load
    const { decision, flag } = read
    this.#healFence(name, read)
    const floor = floors.of(name)
    const stale = !lease.valid || versionOf(read) > contiguousHints.upTo(catchUp.clock)
    const decided = decision !== undefined && decision.asOf >= floor
    if (wanted.decision !== undefined) counts.decision(decided)
    if (decided) load.decide({ kind: 'decision', decision: decision.value, asOf: decision.asOf, source: 'decision', stale })
    if (flag !== undefined && flag.asOf >= floor) {
      counts.cache(true)
      const compiled = compiler.compile(flag.value)
      this.#settle(load, { kind: 'flag', flag: compiled, asOf: flag.asOf, source: 'cache', stale }, true)
      if (!decided) fills.push(...shared.fillOf(wanted, read.token, compiled, flag.asOf, false))
      return true
    }
    // The decision is given. The flag is loaded after it only where memory keeps it, or a caller has joined.
    if (!memory.enabled && !load.awaited) {
      loads.remove(load)
      return true
    }
    counts.cache(false)
    return false
  }

  async #answerFromStore(missing: readonly UnansweredLoad[], fills: CacheFill[]): Promise<void> {
    const { store, counts, shared, floors, catchUp, claims, compiler, loads } = this.#parts
    counts.storeReads++
    let loaded: Loaded
    try {
      const names = missing.map(({ load }) => load.name)
      loaded = await store.read((from, call) => from.load(names, call))
    } catch (error) {
      return await this.#answerFromFallback(missing, error as FlagsError)
    }
    if (loaded.standby) return await this.#answerFromFallback(missing, standbyError(), loaded)
    const preparing = compiler.prepare(loaded.flags.values())
    if (preparing !== undefined) await preparing
    const trusted = catchUp.acceptsLoad(loaded)
    for (const { load, read } of missing) {
      const flag = loaded.flags.get(load.name)
      const compiled = compiler.compileLoaded(load.name, flag === undefined ? notLoaded(load.name) : flag)
      if (compiled instanceof FlagsError) {
        loads.settle(load, none(compiled))
        continue
      }
      counts.storeFlags++
      if (trusted && loaded.asOf > catchUp.clock) claims.add(load.name, loaded.asOf, compiled?.record.version ?? 0)
      const keep = trusted && !load.detached && loaded.asOf >= floors.of(load.name)
      this.#settle(load, { kind: 'flag', flag: compiled, asOf: loaded.asOf, source: 'store', stale: !trusted }, trusted)
      if (keep) fills.push(...shared.fillOf(load.wanted, read.token, compiled, loaded.asOf, true))
    }
  }

  /** The answer is not filled into the cache; memory keeps it only as last known good. */
  async #answerFromFallback(missing: readonly UnansweredLoad[], error: FlagsError, fromStandby?: Loaded): Promise<void> {
    const { staleFallback, memory, loads, report } = this.#parts
    report(error)
    for (const { load } of missing) if (!load.awaited) loads.settle(load, none(error))
    const awaited = missing.filter(({ load }) => load.awaited)
    const answers = await staleFallback.find(awaited, fromStandby)
    for (const { load } of awaited) {
      const { name, detached } = load
      const answer = answers.get(name)
      // A change has overtaken a detached load: the next call must read the flag at once.
      if (!detached && answer !== undefined) memory.keepStale(name, answer.flag, answer.asOf)
      else if (!detached) memory.noteFailedRead(name)
      loads.settle(load, answer ?? none(error))
    }
  }

  #settle(load: FlagLoad, answer: FlagAnswer, keep: boolean): void {
    const { memory, loads } = this.#parts
    if (keep && load.detached) memory.keepOvertaken(load.name, answer.flag, answer.asOf)
    else if (keep) memory.install(load.name, answer.flag, answer.asOf)
    loads.settle(load, answer)
  }

  /** Raises the fence where an entry from before a known change still counts: the cache has lost an invalidation. */
  #healFence(name: string, { flag, decision, fenceVersion }: CacheRead): void {
    const { floors, invalidations } = this.#parts
    const latest = floors.latestChange(name)
    const isOld = (flag !== undefined && flag.asOf < latest) || (decision !== undefined && decision.asOf < latest)
    if (isOld && fenceVersion < latest) invalidations.owe(name, latest)
  }
}

/** The highest version in a read of the cache. */
function versionOf({ fenceVersion, flag, decision }: CacheRead): number {
  return Math.max(fenceVersion, flag?.asOf ?? 0, decision?.asOf ?? 0)
}

/** The version of the flag's latest change that a read of the cache implies. */
function changeIn({ fenceVersion, flag }: CacheRead): number {
  return Math.max(fenceVersion, flag?.value?.version ?? 0)
}

function notLoaded(name: string): FlagsError {
  return new FlagsError('GENERAL', `${titleOf(name)} is missing from what the store loaded.`, { flag: name })
}
