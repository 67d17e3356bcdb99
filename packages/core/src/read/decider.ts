import type { CacheWant, Clock, Decision, DecisionKind, Source } from '../contracts/index.ts'
import { absent, CompiledFlag } from '../evaluate/compiled-flag.ts'
import type { Target } from '../evaluate/target.ts'
import { EMPTY_WORLD, type World } from '../evaluate/world.ts'
import { type FlagAnswer, type NoAnswer, none } from './answer.ts'
import type { Counts } from './counts.ts'
import { gather, InMemory } from './gathering.ts'
import type { MemoryLayer, Slot } from './memory-layer.ts'
import type { ReadPath } from './read-path.ts'
import type { SharedLayer } from './shared-layer.ts'

/** A decision, or for `check` its gate alone, and where it comes from. */
export interface Decided {
  readonly kind: 'decided'
  readonly decision: Decision | boolean
  readonly source: Exclude<Source, 'default'>
  readonly asOf: number
  readonly stale: boolean
}

/** From a flag's name and a target to a decision: by what memory holds, or by what the layers answer. */
export class Decider {
  readonly #memory: MemoryLayer
  readonly #shared: SharedLayer
  readonly #reads: ReadPath
  readonly #clock: Clock
  readonly #counts: Counts

  constructor(memory: MemoryLayer, shared: SharedLayer, reads: ReadPath, clock: Clock, counts: Counts) {
    this.#memory = memory
    this.#shared = shared
    this.#reads = reads
    this.#clock = clock
    this.#counts = counts
  }

  /** What memory alone can say, at once. */
  atHand(name: string, target: Target): Decided | undefined {
    const slot = this.#memory.hit(name)
    if (slot === undefined || !(slot.flag instanceof CompiledFlag)) return undefined
    const { flag, asOf } = slot as Slot & { readonly flag: CompiledFlag }
    if (flag.dependencies.length === 0) {
      this.#counts.memoryHits++
      return { kind: 'decided', decision: flag.evaluate(target, this.#nothingBeside(flag)), source: 'memory', asOf, stale: false }
    }
    const world = new InMemory(this.#memory, this.#clock.now(), asOf)
    const decision = flag.evaluate(target, world)
    if (!world.complete) return undefined
    this.#counts.memoryHits++
    return { kind: 'decided', decision, source: 'memory', asOf: world.asOf, stale: false }
  }

  /** Never rejects. */
  async decide(name: string, target: Target, kind: DecisionKind, minVersion: number): Promise<Decided | NoAnswer> {
    const { key, plain } = target
    const shares = plain && key !== undefined && this.#shared.sharesDecision(kind, key)
    const wanted: CacheWant = shares ? { name, decision: { kind, targetingKey: key } } : { name }
    const answer = await this.#reads.read(wanted, minVersion)
    if (answer.kind === 'none') return answer
    const { source, asOf, stale } = answer
    if (answer.kind === 'decision') return { kind: 'decided', decision: answer.decision, source, asOf, stale }
    const { flag } = answer
    if (!(flag instanceof CompiledFlag)) return { kind: 'decided', decision: absent(name, key), source, asOf, stale }
    if (flag.dependencies.length === 0) {
      return { kind: 'decided', decision: flag.evaluate(target, this.#nothingBeside(flag)), source, asOf, stale }
    }
    return await this.#withDependencies({ ...answer, flag }, target, minVersion)
  }

  async #withDependencies(
    answer: FlagAnswer & { readonly flag: CompiledFlag },
    target: Target,
    minVersion: number,
  ): Promise<Decided | NoAnswer> {
    const world = await gather(this.#reads, answer, minVersion, this.#clock.now())
    // That a prerequisite is off is an answer; that it cannot be known is none.
    if ('kind' in world) return none(world.error)
    const { asOf, stale } = world
    return { kind: 'decided', decision: answer.flag.evaluate(target, world), source: answer.source, asOf, stale }
  }

  #nothingBeside({ ramp }: CompiledFlag): World {
    return ramp === undefined ? EMPTY_WORLD : { ...EMPTY_WORLD, now: this.#clock.now() }
  }
}
