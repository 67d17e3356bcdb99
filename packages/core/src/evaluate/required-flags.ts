import type { Decision, Prerequisite } from '../contracts/index.ts'
import type { EvaluationView, PrerequisiteChain } from './evaluation-view.ts'
import type { Target } from './target.ts'
import type { PrerequisiteFinding, TraceRecorder } from './trace-recorder.ts'

/** How many levels of prerequisites are followed; deeper ones count as not met. */
export const MAX_DEPTH = 100

/** The required flags that one evaluation has evaluated so far, so that each is evaluated once, however many flags require it. */
export class RequiredFlags implements PrerequisiteChain {
  /** `undefined`: its evaluation is under way. */
  readonly #decisions = new Map<string, Decision | undefined>()
  #depth = 0

  constructor(root: string) {
    this.#decisions.set(root, undefined)
  }

  firstUnmet(
    prerequisites: readonly Prerequisite[],
    target: Target,
    view: EvaluationView,
    recorder: TraceRecorder | undefined,
  ): string | undefined {
    let unmet: string | undefined
    for (const prerequisite of prerequisites) {
      const finding = this.#find(prerequisite, target, view)
      recorder?.prerequisite(prerequisite, finding)
      if (!finding.met) unmet ??= prerequisite.flag
      if (unmet !== undefined && recorder === undefined) return unmet
    }
    return unmet
  }

  #find({ flag: name, variant }: Prerequisite, target: Target, view: EvaluationView): PrerequisiteFinding {
    const decision = this.#decisions.get(name) ?? this.#evaluate(name, target, view)
    if (typeof decision === 'string') return { met: false, why: decision }
    if (!decision.enabled) return { met: false, why: 'off', decision }
    if (variant !== undefined && variant !== decision.variant) return { met: false, why: 'another variant', decision }
    return { met: true, why: 'on', decision }
  }

  #evaluate(name: string, target: Target, view: EvaluationView): Decision | 'no such flag' | 'not known' | 'a cycle' | 'too deep' {
    if (this.#decisions.has(name)) return 'a cycle'
    if (this.#depth >= MAX_DEPTH) return 'too deep'
    const flag = view.flag(name)
    if (flag === undefined) return 'not known'
    if (flag === null) return 'no such flag'
    this.#decisions.set(name, undefined)
    this.#depth++
    const decision = flag.evaluate(target, view, { chain: this })
    this.#depth--
    this.#decisions.set(name, decision)
    return decision
  }
}
