import type { CacheFill, CacheRead, CacheWant, Loaded } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { titleOf } from '../validate/record-key.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { Doubts } from '../history/claims.ts'
import type { Floors } from '../history/floors.ts'
import type { HintedClock } from '../history/contiguous-hints.ts'
import type { Invalidations } from '../layers/invalidations.ts'
import { type Answer, type FlagAnswer, type NoAnswer, none, notReached, tooFast } from '../layers/answer.ts'
import type { Compiler } from '../layers/compiler.ts'
import type { Counts } from './layer-counts.ts'
import type { Flight, Flights } from '../layers/single-flight.ts'
import type { LastResort, Missing } from './stale-fallback.ts'
import type { MemoryLayer, Slot } from '../layers/memory-layer.ts'
import { NOTHING, type SharedLayer } from '../layers/shared-layer.ts'
import type { StoreLayer } from '../layers/store-layer.ts'

/** A read that a change overtakes starts again, this often. */
const ATTEMPTS = 3

export interface ReadParts {
  readonly memory: MemoryLayer
  readonly shared: SharedLayer
  readonly store: StoreLayer
  readonly lastResort: LastResort
  readonly compiler: Compiler
  readonly flights: Flights
  readonly floors: Floors
  readonly catchUp: CatchUp
  readonly hinted: HintedClock
  readonly doubts: Doubts
  readonly invalidations: Invalidations
  readonly counts: Counts
  readonly report: (error: FlagsError) => void
}

/** memory → decision → flag → store, and on the way back each layer is filled. */
export class ReadPath {
  readonly #parts: ReadParts

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  /** Never rejects. No answer is older than one that this process has given. */
  async read(wanted: CacheWant, minVersion: number): Promise<Answer> {
    const { catchUp, floors } = this.#parts
    const { name } = wanted
    if (!catchUp.current) await catchUp.begun()
    if (minVersion > catchUp.clock && (await catchUp.reach(minVersion)) !== 'reached') return none(notReached(minVersion, name))
    const answer = await this.#newest(wanted)
    // Every change up to `minVersion` is known by now; a last resort from below the floor may have missed one.
    const tooOld = answer.kind !== 'none' && answer.stale && answer.asOf < minVersion && answer.asOf < floors.of(name)
    return tooOld ? none(notReached(minVersion, name)) : answer
  }

  async #newest(wanted: CacheWant): Promise<Answer> {
    const { flights, floors, memory, counts } = this.#parts
    const { name } = wanted
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const held = this.#fromMemory(name)
      if (held !== undefined) return held
      if (attempt === 0 && memory.enabled) counts.memoryMisses++
      const answer = await flights.join(wanted, this.#fly)
      if (answer.kind === 'none') return this.#lastKnownGood(name, answer.error)
      // A floor that was given up for room lives on in the common one; a last resort is held to the flag's own alone.
      if (answer.asOf >= (answer.stale ? floors.own(name) : floors.of(name))) {
        memory.answered(name, answer.asOf)
        return answer
      }
    }
    return this.#lastKnownGood(name, tooFast(name))
  }

  #fromMemory(name: string): FlagAnswer | NoAnswer | undefined {
    const { memory, store, counts, compiler } = this.#parts
    const hit = memory.hit(name)
    if (hit !== undefined) {
      counts.memoryHits++
      return { kind: 'flag', flag: hit.flag, asOf: hit.asOf, source: 'memory', stale: false }
    }
    const unusable = compiler.unusable(name)
    if (unusable !== undefined) return this.#lastKnownGood(name, unusable)
    // Where memory is vouched for and the store can be asked, a flag that is missing here is asked for.
    const held = memory.leased && !store.failing ? undefined : memory.justRead(name)
    return held && this.#standIn(name, held)
  }

  #lastKnownGood(name: string, error: FlagsError): FlagAnswer | NoAnswer {
    const held = this.#parts.memory.lastKnownGood(name)
    return held === undefined ? none(error) : this.#standIn(name, held)
  }

  #standIn(name: string, { flag, asOf }: Slot): FlagAnswer {
    this.#parts.floors.raiseByAnswer(name, asOf)
    return { kind: 'flag', flag, asOf, source: 'memory', stale: true }
  }

  readonly #fly = async (flights: readonly Flight[]): Promise<void> => {
    const { shared, compiler } = this.#parts
    const reads = await this.#verified(flights, await shared.read(flights.map((flight) => flight.wanted)))
    const preparing = compiler.prepare(reads.map(({ flag }) => flag?.value))
    if (preparing !== undefined) await preparing
    const fills: CacheFill[] = []
    const missing: Missing[] = []
    flights.forEach((flight, index) => {
      const read = reads[index] ?? NOTHING
      if (!this.#landFromCache(flight, read, fills)) missing.push({ flight, read })
    })
    if (missing.length > 0) await this.#landFromStore(missing, fills)
    await shared.fill(fills)
  }

  /** Nothing counts that is ahead of the store. Where hints have led there, or the store cannot be asked, it counts for now, and is looked at again. */
  async #verified(flights: readonly Flight[], reads: readonly CacheRead[]): Promise<readonly CacheRead[]> {
    const { catchUp, hinted, doubts } = this.#parts
    const highest = reads.reduce((high, read) => Math.max(high, versionOf(read)), 0)
    if (highest <= catchUp.clock) return reads
    const isHinted = highest <= hinted.upTo(catchUp.clock)
    const countsForNow = isHinted || (await catchUp.reach(highest)) === 'unknown'
    return flights.map(({ name }, index) => {
      const read = reads[index] ?? NOTHING
      if (versionOf(read) <= catchUp.clock) return read
      if (countsForNow) {
        doubts.add(name, versionOf(read), changeIn(read))
        return read
      }
      doubts.refute(name, versionOf(read), catchUp.clock)
      return NOTHING
    })
  }

  /** Answers whether the flight needs nothing more. */
  #landFromCache(flight: Flight, read: CacheRead, fills: CacheFill[]): boolean {
    const { floors, memory, counts, compiler, flights, shared, catchUp, hinted } = this.#parts
    const { name, wanted } = flight
    const { decision, flag } = read
    this.#healFence(name, read)
    const floor = floors.of(name)
    const stale = !memory.leased || versionOf(read) > hinted.upTo(catchUp.clock)
    const decided = decision !== undefined && decision.asOf >= floor
    if (wanted.decision !== undefined) counts.decision(decided)
    if (decided) flight.decide({ kind: 'decision', decision: decision.value, asOf: decision.asOf, source: 'decision', stale })
    if (flag !== undefined && flag.asOf >= floor) {
      counts.cache(true)
      const compiled = compiler.compile(flag.value)
      this.#land(flight, { kind: 'flag', flag: compiled, asOf: flag.asOf, source: 'cache', stale }, true)
      if (!decided) fills.push(...shared.fillOf(flight, read.token, compiled, flag.asOf, false))
      return true
    }
    // The answer is given. The flag is loaded behind it only for a memory to keep, or for who joined.
    if (!memory.enabled && !flight.awaited) {
      flights.leave(flight)
      return true
    }
    counts.cache(false)
    return false
  }

  async #landFromStore(missing: readonly Missing[], fills: CacheFill[]): Promise<void> {
    const { store, counts, shared, floors, catchUp, doubts, compiler, flights } = this.#parts
    counts.storeReads++
    let loaded: Loaded
    try {
      const names = missing.map(({ flight }) => flight.name)
      loaded = await store.read((from, call) => from.load(names, call))
    } catch (error) {
      return await this.#landFromLastResort(missing, error as FlagsError)
    }
    const preparing = compiler.prepare(loaded.flags.values())
    if (preparing !== undefined) await preparing
    const trusted = catchUp.trusts(loaded)
    for (const { flight, read } of missing) {
      const flag = loaded.flags.get(flight.name)
      const compiled = compiler.compileLoaded(flight.name, flag === undefined ? leftOut(flight.name) : flag)
      if (compiled instanceof FlagsError) {
        flights.land(flight, none(compiled))
        continue
      }
      counts.storeFlags++
      if (trusted && loaded.asOf > catchUp.clock) doubts.add(flight.name, loaded.asOf, compiled?.record.version ?? 0)
      const keep = trusted && !flight.detached && loaded.asOf >= floors.of(flight.name)
      this.#land(flight, { kind: 'flag', flag: compiled, asOf: loaded.asOf, source: 'store', stale: !trusted }, trusted)
      if (keep) fills.push(...shared.fillOf(flight, read.token, compiled, loaded.asOf, true))
    }
  }

  /** What it brings is filled into no cache, and memory keeps it as a last known good alone. */
  async #landFromLastResort(missing: readonly Missing[], error: FlagsError): Promise<void> {
    const { lastResort, memory, flights, report } = this.#parts
    report(error)
    for (const { flight } of missing) if (!flight.awaited) flights.land(flight, none(error))
    const awaited = missing.filter(({ flight }) => flight.awaited)
    const answers = await lastResort.find(awaited)
    for (const { flight } of awaited) {
      const { name, detached } = flight
      const answer = answers.get(name)
      // Where a change was heard of meanwhile, the flag must be asked for again at once.
      if (!detached && answer !== undefined) memory.keep(name, answer.flag, answer.asOf)
      else if (!detached) memory.failed(name)
      flights.land(flight, answer ?? none(error))
    }
  }

  #land(flight: Flight, answer: FlagAnswer, keep: boolean): void {
    const { memory, flights } = this.#parts
    if (keep && !flight.detached) memory.install(flight.name, answer.flag, answer.asOf)
    flights.land(flight, answer)
  }

  /** The fence still counts an entry from before a change that this process knows of: the cache lost an invalidation. */
  #healFence(name: string, { flag, decision, fenceVersion }: CacheRead): void {
    const { floors, invalidations } = this.#parts
    const changed = floors.changed(name)
    const low = (flag !== undefined && flag.asOf < changed) || (decision !== undefined && decision.asOf < changed)
    if (low && fenceVersion < changed) invalidations.owe(name, changed)
  }
}

/** The highest version that a read of the cache speaks of. */
function versionOf({ fenceVersion, flag, decision }: CacheRead): number {
  return Math.max(fenceVersion, flag?.asOf ?? 0, decision?.asOf ?? 0)
}

/** The latest change of the flag that a read of the cache speaks of. */
function changeIn({ fenceVersion, flag }: CacheRead): number {
  return Math.max(fenceVersion, flag?.value?.version ?? 0)
}

function leftOut(name: string): FlagsError {
  return new FlagsError('GENERAL', `${titleOf(name)}: the store left it out.`, { flag: name })
}
