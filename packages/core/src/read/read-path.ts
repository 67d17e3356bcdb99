import type { CacheFill, CacheRead, CacheWant } from '../contracts/index.ts'
import { FlagsError } from '../errors.ts'
import type { CatchUp } from '../write/catch-up.ts'
import type { Doubts } from '../write/doubts.ts'
import type { Floors } from '../write/floors.ts'
import type { Invalidations } from '../write/invalidations.ts'
import { type Answer, type FlagAnswer, type NoAnswer, none } from './answer.ts'
import type { Compiler } from './compiler.ts'
import type { Counts } from './counts.ts'
import type { Flight, Flights } from './flights.ts'
import type { MemoryLayer } from './memory-layer.ts'
import { NOTHING, type SharedLayer } from './shared-layer.ts'
import type { StoreLayer } from './store-layer.ts'

/** A read that a change overtakes starts again, this often. */
const ATTEMPTS = 3

export interface ReadParts {
  readonly memory: MemoryLayer
  readonly shared: SharedLayer
  readonly store: StoreLayer
  readonly compiler: Compiler
  readonly flights: Flights
  readonly floors: Floors
  readonly catchUp: CatchUp
  readonly doubts: Doubts
  readonly invalidations: Invalidations
  readonly counts: Counts
  readonly report: (error: FlagsError) => void
}

/** A flight that the cache could not land, on its way to the store. */
interface Missing {
  readonly flight: Flight
  readonly read: CacheRead
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
    if (minVersion > catchUp.clock && (await catchUp.reach(minVersion)) !== 'reached') return none(notReached(name, minVersion))
    const answer = await this.#newest(wanted)
    // Every change up to `minVersion` is known by now; a last resort from below the floor may have missed one.
    const tooOld = answer.kind !== 'none' && answer.stale && answer.asOf < minVersion && answer.asOf < floors.of(name)
    return tooOld ? none(notReached(name, minVersion)) : answer
  }

  async #newest(wanted: CacheWant): Promise<Answer> {
    const { flights, floors, memory, counts } = this.#parts
    const { name } = wanted
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const held = this.#fromMemory(name)
      if (held !== undefined) return held
      if (attempt === 0 && memory.enabled) counts.memoryMisses++
      const answer = await flights.join(wanted, this.#fly)
      if (answer.kind === 'none') {
        memory.failed(name)
        return this.#lastKnownGood(name, answer.error)
      }
      // A floor that was given up for room lives on in the common one; a last resort is held to the flag's own alone.
      if (answer.asOf >= (answer.stale ? floors.own(name) : floors.of(name))) {
        memory.answered(name, answer.asOf)
        return answer
      }
    }
    return this.#lastKnownGood(name, new FlagsError('GENERAL', `Flag ${name} changes faster than it can be read.`))
  }

  #fromMemory(name: string): FlagAnswer | NoAnswer | undefined {
    const { memory, counts, compiler } = this.#parts
    const hit = memory.hit(name)
    if (hit !== undefined) {
      counts.memoryHits++
      return { kind: 'flag', flag: hit.flag, asOf: hit.asOf, source: 'memory', stale: false }
    }
    const unusable = compiler.unusable(name)
    if (unusable !== undefined) return this.#lastKnownGood(name, unusable)
    const held = memory.justRead(name)
    return held && { kind: 'flag', flag: held.flag, asOf: held.asOf, source: 'memory', stale: true }
  }

  #lastKnownGood(name: string, error: FlagsError): FlagAnswer | NoAnswer {
    const held = this.#parts.memory.lastKnownGood(name)
    return held === undefined ? none(error) : { kind: 'flag', flag: held.flag, asOf: held.asOf, source: 'memory', stale: true }
  }

  readonly #fly = async (flights: readonly Flight[]): Promise<void> => {
    const { shared } = this.#parts
    const reads = await this.#verified(flights, await shared.read(flights.map((flight) => flight.wanted)))
    const fills: CacheFill[] = []
    const missing: Missing[] = []
    flights.forEach((flight, index) => {
      const read = reads[index] ?? NOTHING
      if (!this.#landFromCache(flight, read, fills)) missing.push({ flight, read })
    })
    if (missing.length > 0) await this.#landFromStore(missing, fills)
    await shared.fill(fills)
  }

  /** Nothing counts that is ahead of the store. Where the store cannot be asked it counts for now, and is looked at again. */
  async #verified(flights: readonly Flight[], reads: readonly CacheRead[]): Promise<readonly CacheRead[]> {
    const { catchUp, doubts } = this.#parts
    const highest = reads.reduce((high, read) => Math.max(high, versionOf(read)), 0)
    if (highest <= catchUp.clock) return reads
    const reach = await catchUp.reach(highest)
    return flights.map(({ name }, index) => {
      const read = reads[index] ?? NOTHING
      if (versionOf(read) <= catchUp.clock) return read
      if (reach === 'unknown') {
        doubts.add(name, versionOf(read))
        return read
      }
      doubts.refute(name, versionOf(read), catchUp.clock)
      return NOTHING
    })
  }

  /** Answers whether the flight needs nothing more. */
  #landFromCache(flight: Flight, read: CacheRead, fills: CacheFill[]): boolean {
    const { floors, memory, counts, compiler, flights, shared, catchUp } = this.#parts
    const { name, wanted } = flight
    const { decision, flag } = read
    this.#healFence(name, read)
    const floor = floors.of(name)
    const stale = !memory.leased || versionOf(read) > catchUp.clock
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
    if (decided && !memory.enabled && !flight.joined) {
      flights.leave(flight)
      return true
    }
    counts.cache(false)
    return false
  }

  async #landFromStore(missing: readonly Missing[], fills: CacheFill[]): Promise<void> {
    const { store, counts, shared, floors, catchUp, compiler, flights, report } = this.#parts
    counts.storeReads++
    try {
      const names = missing.map(({ flight }) => flight.name)
      const loaded = await store.read((from, call) => from.load(names, call))
      const trusted = catchUp.trusts(loaded)
      for (const { flight, read } of missing) {
        const flag = loaded.flags.get(flight.name)
        if (flag === undefined) throw new FlagsError('GENERAL', `The store left out flag ${flight.name}.`, { flag: flight.name })
        const compiled = compiler.compileLoaded(flight.name, flag)
        if (compiled instanceof FlagsError) {
          flights.land(flight, none(compiled))
          continue
        }
        counts.storeFlags++
        const keep = trusted && !flight.detached && loaded.asOf >= floors.of(flight.name)
        this.#land(flight, { kind: 'flag', flag: compiled, asOf: loaded.asOf, source: 'store', stale: !trusted }, trusted)
        if (keep) fills.push(...shared.fillOf(flight, read.token, compiled, loaded.asOf, true))
      }
    } catch (cause) {
      const error = cause as FlagsError
      report(error)
      for (const { flight, read } of missing) flights.land(flight, this.#fromLowCache(flight.name, read) ?? none(error))
    }
  }

  /** The store is gone: what the cache has may be too old to trust, yet it is better than a guess, as long as it takes nothing back. */
  #fromLowCache(name: string, { flag }: CacheRead): FlagAnswer | undefined {
    const { floors, compiler } = this.#parts
    if (flag === undefined || flag.asOf < floors.own(name)) return undefined
    return { kind: 'flag', flag: compiler.compile(flag.value), asOf: flag.asOf, source: 'cache', stale: true }
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

function notReached(name: string, minVersion: number): FlagsError {
  const message = `The store has not reached version ${minVersion}, which flag ${name} was asked for.`
  return new FlagsError('VERSION_NOT_REACHED', message, { flag: name })
}
