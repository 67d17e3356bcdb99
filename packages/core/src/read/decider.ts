import type { CacheWant, Clock, Decision, DecisionKind, Source } from '../contracts/index.ts'
import { absent, CompiledFlag } from '../evaluate/compiled-flag.ts'
import { EMPTY_VIEW, type EvaluationView } from '../evaluate/evaluation-view.ts'
import type { Target } from '../evaluate/target.ts'
import type { CatchUp } from '../history/catch-up.ts'
import { type FlagAnswer, type NoAnswer, none } from '../layers/flag-answer.ts'
import type { MemoryEntry, MemoryLayer } from '../layers/memory-layer.ts'
import type { SharedLayer } from '../layers/shared-layer.ts'
import { type DependencyReader, FlagWithDependencies } from './dependency-reader.ts'
import type { LayerCounts } from './layer-counts.ts'
import type { ReadPath } from './read-path.ts'
import { TrackedView } from './tracked-view.ts'

export interface DeciderParts {
  readonly memory: MemoryLayer
  readonly shared: SharedLayer
  readonly reads: ReadPath
  readonly dependencyReader: DependencyReader
  readonly catchUp: CatchUp
  readonly clock: Clock
  readonly counts: LayerCounts
}

/** A decision and where it comes from; for `check` it may be the boolean alone. */
export interface Decided {
  readonly kind: 'decided'
  readonly decision: Decision | boolean
  readonly source: Exclude<Source, 'default'>
  readonly asOf: number
  readonly stale: boolean
}

/** Decides a flag for a target: from memory alone, or from what the layers answer. */
export class Decider {
  readonly #memory: MemoryLayer
  readonly #shared: SharedLayer
  readonly #reads: ReadPath
  readonly #dependencyReader: DependencyReader
  readonly #catchUp: CatchUp
  readonly #clock: Clock
  readonly #counts: LayerCounts

  constructor({ memory, shared, reads, dependencyReader, catchUp, clock, counts }: DeciderParts) {
    this.#memory = memory
    this.#shared = shared
    this.#reads = reads
    this.#dependencyReader = dependencyReader
    this.#catchUp = catchUp
    this.#clock = clock
    this.#counts = counts
  }

  /** A decision from memory alone, at once; `undefined` where memory does not hold all that it needs. */
  fromMemory(name: string, target: Target): Decided | undefined {
    const entry = this.#memory.hit(name)
    if (entry === undefined || !(entry.flag instanceof CompiledFlag)) return undefined
    const { flag, asOf } = entry as MemoryEntry & { readonly flag: CompiledFlag }
    if (flag.dependencies.length === 0) {
      this.#counts.memoryHits++
      return { kind: 'decided', decision: flag.evaluate(target, this.#viewWithoutDependencies(flag)), source: 'memory', asOf, stale: false }
    }
    const view = new TrackedView(entry, this.#clock.now(), this.#inMemory)
    const decision = flag.evaluate(target, view)
    // Up to the clock, memory holds each transaction whole: the log's changes are applied together.
    if (view.missing !== undefined || view.newestAsOf > Math.max(this.#catchUp.clock, view.asOf)) return undefined
    this.#counts.memoryHits++
    return { kind: 'decided', decision, source: 'memory', asOf: view.asOf, stale: false }
  }

  /** Never rejects. */
  async decide(name: string, target: Target, kind: DecisionKind, minVersion: number): Promise<Decided | NoAnswer> {
    const { key, plain } = target
    const shares = plain && key !== undefined && this.#shared.sharesDecision(kind, key)
    const wanted: CacheWant = shares ? { name, decision: { kind, targetingKey: key } } : { name }
    const answer = await this.#reads.read(wanted, minVersion)
    if (answer.kind === 'none') return answer
    if (answer.kind === 'decision') return { ...answer, kind: 'decided' }
    if (!hasDependencies(answer)) return this.#decided(new FlagWithDependencies(answer), name, target)
    const found = await this.#dependencyReader.read(name, answer, minVersion)
    return found.kind === 'none' ? found : this.#decided(found, name, target)
  }

  #decided(found: FlagWithDependencies, name: string, target: Target): Decided | NoAnswer {
    const { flag, source, asOf, stale } = found.root
    if (!(flag instanceof CompiledFlag)) return { kind: 'decided', decision: absent(name, target.key), source, asOf, stale }
    const view = found.view(this.#clock.now())
    const decision = flag.evaluate(target, view)
    if (view.missing !== undefined) return none(found.whyMissing(view.missing))
    return { kind: 'decided', decision, source, asOf: view.asOf, stale: view.stale }
  }

  readonly #inMemory = (key: string): MemoryEntry | undefined => this.#memory.hit(key)

  #viewWithoutDependencies({ ramp }: CompiledFlag): EvaluationView {
    return ramp === undefined ? EMPTY_VIEW : { ...EMPTY_VIEW, now: this.#clock.now() }
  }
}

function hasDependencies({ flag }: FlagAnswer): boolean {
  return flag instanceof CompiledFlag && flag.dependencies.length > 0
}
