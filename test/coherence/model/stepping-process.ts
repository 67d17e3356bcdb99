import type { BrokenPromise } from './process-rules.ts'
import type { Bounds, ProcessKind, Rules } from './protocol-rules.ts'
import { type Process, type SharedState, type State, valueAt } from './state.ts'
import type { Step } from './step.ts'

/** A process that may take a step, and the list to which its steps are added. */
export interface SteppingProcess {
  readonly rules: Rules
  readonly bounds: Bounds
  readonly kind: ProcessKind
  readonly state: State
  readonly process: Process
  readonly index: number
  readonly found: Step[]
}

/** The state with this process, and perhaps the shared state, replaced. A live value in memory may be answered, so it counts as seen. */
export function withProcess({ state, index }: SteppingProcess, next: Process, shared: SharedState = state.shared): State {
  const value = next.memory?.live ? valueAt(shared, next.memory.asOf) : 0
  const process = value > next.seen ? { ...next, seen: value } : next
  return { shared, processes: state.processes.map((old, at) => (at === index ? process : old)) }
}

export function addStep(stepping: SteppingProcess, label: () => string, state: State, broke?: BrokenPromise): void {
  stepping.found.push({ label: () => `${'AB'[stepping.index]} ${label()}`, state, broke })
}
