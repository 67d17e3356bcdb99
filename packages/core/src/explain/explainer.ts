import type { Clock, Evaluation } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import type { Target } from '../evaluate/target.ts'
import { type Trace, trace } from '../evaluate/trace.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { Floors } from '../history/floors.ts'
import type { Lease } from '../history/lease.ts'
import type { MemoryLayer } from '../layers/memory-layer.ts'
import type { SharedLayer } from '../layers/shared-layer.ts'
import type { StoreLayer } from '../layers/store-layer.ts'
import type { DependencyReader } from '../read/dependency-reader.ts'
import type { ReadPath } from '../read/read-path.ts'
import { isFlagName } from '../validate/flag-name.ts'
import type { Explanation, LayerFinding } from './explanation.ts'
import { explanationText } from './explanation-text.ts'

interface Explained {
  readonly evaluation: Evaluation
  readonly steps: Trace | undefined
}

/** How often answer and steps are taken until they agree. */
const ATTEMPTS = 3

export interface ExplainerParts {
  readonly clock: Clock
  readonly memory: MemoryLayer
  readonly lease: Lease
  readonly shared: SharedLayer
  readonly store: StoreLayer
  readonly reads: ReadPath
  readonly dependencyReader: DependencyReader
  readonly floors: Floors
  readonly catchUp: CatchUp
}

/** Explains an answer: looks into every layer and traces the evaluation. It asks the store, so keep it off hot paths. */
export class Explainer {
  readonly #parts: ExplainerParts

  constructor(parts: ExplainerParts) {
    this.#parts = parts
  }

  /** `answer` gives what the client answers. Without a target, or for a name that no flag can have, only that is explained. Never rejects. */
  async explain(answer: () => Promise<Evaluation>, target: Target | undefined): Promise<Explanation> {
    const { floors, catchUp } = this.#parts
    const { evaluation, steps } = await this.#consistent(answer, target)
    const { name } = evaluation
    const isAskable = target !== undefined && isFlagName(name)
    const layers = isAskable ? [this.#inMemory(name), ...(await this.#inCache(name, target)), await this.#inStore(name)] : []
    const found = { evaluation, layers, floor: floors.of(name), clock: catchUp.clock, ...(steps && { trace: steps }) }
    return { ...found, text: explanationText(found) }
  }

  /** The answer and the steps to it. A change may come in between; where they never agree, both are given as they are. */
  async #consistent(answer: () => Promise<Evaluation>, target: Target | undefined): Promise<Explained> {
    let evaluation = await answer()
    let steps = await this.#trace(evaluation.name, target)
    for (let attempt = 1; attempt < ATTEMPTS && !agree(evaluation, steps); attempt++) {
      evaluation = await answer()
      steps = await this.#trace(evaluation.name, target)
    }
    return { evaluation, steps }
  }

  #inMemory(name: string): LayerFinding {
    const { memory, lease } = this.#parts
    const entry = memory.held(name)
    if (entry === undefined) return { layer: 'memory', state: memory.enabled ? 'nothing' : 'not asked' }
    const has = { layer: 'memory', asOf: entry.asOf, ...(entry.flag && { version: entry.flag.record.version }) } as const
    if (!entry.live) return { ...has, state: 'too old' }
    return { ...has, state: lease.valid ? (entry.flag === null ? 'does not exist' : 'answers') : 'no longer vouched for' }
  }

  async #inCache(name: string, { key, plain }: Target): Promise<LayerFinding[]> {
    const { shared, floors } = this.#parts
    if (!shared.present) return bothInCache('not asked', 'there is no shared cache')
    const shares = plain && key !== undefined && shared.sharesDecision('endpoint', key)
    const [read] = await shared.read([shares ? { name, decision: { kind: 'endpoint', targetingKey: key } } : { name }])
    const { whyNotRead } = shared
    if (whyNotRead !== undefined) return bothInCache('failed', whyNotRead)
    const floor = floors.of(name)
    const decided = read?.decision
    const decision: LayerFinding = shares
      ? {
          layer: 'decision',
          ...(decided ? { state: decided.asOf >= floor ? 'answers' : 'too old', asOf: decided.asOf } : { state: 'nothing' }),
        }
      : { layer: 'decision', state: 'not asked', why: 'decisions are shared only where the targeting key is all that was given' }
    const flag = read?.flag
    if (flag === undefined) return [decision, { layer: 'cache', state: 'nothing' }]
    const has = { layer: 'cache', asOf: flag.asOf, ...(flag.value && { version: flag.value.version }) } as const
    const state = flag.asOf < floor ? 'too old' : flag.value === null ? 'does not exist' : 'answers'
    return [decision, { ...has, state }]
  }

  async #inStore(name: string): Promise<LayerFinding> {
    try {
      const { asOf, flags } = await this.#parts.store.read((store, call) => store.load([name], call))
      const flag = flags.get(name) ?? null
      if (flag instanceof FlagsError) return { layer: 'store', state: 'failed', asOf, why: flag.message }
      return flag === null
        ? { layer: 'store', state: 'does not exist', asOf }
        : { layer: 'store', state: 'answers', asOf, version: flag.version }
    } catch (error) {
      return { layer: 'store', state: 'failed', why: (error as FlagsError).message }
    }
  }

  /** `undefined` where there is no flag, or where the evaluation needs a part that no layer can answer. */
  async #trace(name: string, target: Target | undefined): Promise<Trace | undefined> {
    const { reads, dependencyReader, clock } = this.#parts
    if (target === undefined || !isFlagName(name)) return undefined
    const answer = await reads.read({ name }, 0)
    const found = answer.kind === 'flag' ? await dependencyReader.read(name, answer, 0) : undefined
    if (found?.kind !== 'found' || !(found.root.flag instanceof CompiledFlag)) return undefined
    const { flag } = found.root
    const view = found.view(clock.now())
    flag.evaluate(target, view)
    // Checked before the trace: a traced evaluation looks up more than the answer needs.
    return view.missing === undefined ? trace(flag, target, view) : undefined
  }
}

function agree({ source, enabled, version }: Evaluation, steps: Trace | undefined): boolean {
  if (source === 'default' || version === undefined) return steps === undefined
  return steps?.decision.enabled === enabled && steps.decision.version === version
}

function bothInCache(state: LayerFinding['state'], why: string): LayerFinding[] {
  return [
    { layer: 'decision', state, why },
    { layer: 'cache', state, why },
  ]
}
