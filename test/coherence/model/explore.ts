import { brokenBy } from './invariants.ts'
import type { BrokenPromise } from './process-rules.ts'
import type { Bounds, Rules } from './protocol-rules.ts'
import { type State, started } from './state.ts'
import { createStateKey, type StateKey } from './state-key.ts'
import { steps } from './steps.ts'

export interface Counterexample {
  readonly broke: BrokenPromise
  readonly trace: readonly string[]
}

export interface Exploration {
  readonly states: number
  /** The shortest trace to a broken promise, if there is one. */
  readonly counterexample?: Counterexample
}

export interface Exploring {
  readonly rules: Rules
  readonly bounds: Bounds
  /** Whether this broken promise ends the search. Default: every one does. */
  readonly until?: (broke: BrokenPromise) => boolean
  /** Called with every state. */
  readonly visit?: (state: State) => void
}

/** Visits every reachable state, nearest first, until a promise is broken. */
export function explore({ rules, bounds, until = () => true, visit }: Exploring): Exploration {
  const keyOf = createStateKey(
    rules,
    bounds.processes.every((kind) => kind === bounds.processes[0]),
  )
  const start = initial(bounds)
  // Maps each state to the state from which it was first reached.
  const known = new Map([[keyOf(start), NO_STATE]])
  let nearest: State[] = [start]
  while (nearest.length > 0) {
    const next: State[] = []
    for (const state of nearest) {
      visit?.(state)
      const from = keyOf(state)
      for (const step of steps(rules, bounds, state)) {
        const broke = brokenBy(rules, state, step)
        if (broke !== undefined && until(broke)) {
          const trace = [...traceTo(rules, bounds, known, keyOf, from), step.label()]
          return { states: known.size, counterexample: { broke, trace } }
        }
        const key = keyOf(step.state)
        if (known.has(key)) continue
        known.set(key, from)
        next.push(step.state)
      }
    }
    nearest = next
  }
  return { states: known.size }
}

const NO_STATE = -1

function initial({ processes, failovers, restarts }: Bounds): State {
  const redis = { fence: null, flag: null, decision: null }
  const shared = { history: [0], redis, before: null, fills: [], updatedRecords: [], resolved: 0, failovers, restarts }
  return { shared, processes: processes.map(() => started(0, 0)) }
}

// Only keys are stored, not states, so the trace is computed by taking the steps again.
function traceTo(rules: Rules, bounds: Bounds, known: ReadonlyMap<number, number>, keyOf: StateKey, to: number): string[] {
  const path: number[] = []
  for (let key = to; key !== NO_STATE; key = known.get(key) ?? NO_STATE) path.unshift(key)
  let state = initial(bounds)
  return path.slice(1).map((key) => {
    const step = steps(rules, bounds, state).find((each) => keyOf(each.state) === key)
    if (step === undefined) throw new Error('No step leads to the next state: two different states have the same key.')
    state = step.state
    return step.label()
  })
}
