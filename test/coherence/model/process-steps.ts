import { loadSteps } from './load-steps.ts'
import { brought, committed, hint, logged } from './process-rules.ts'
import type { Bounds, Rules } from './protocol-rules.ts'
import { changesOf, clockOf, latestOf, type Process, type State, started, valueAt } from './state.ts'
import type { Step } from './step.ts'
import { addStep, type SteppingProcess, withProcess } from './stepping-process.ts'

export function processSteps(rules: Rules, bounds: Bounds, state: State, found: Step[]): void {
  // Without memory and overlapping loads, a detached load equals a load whose FILL is lost, which may happen to any load.
  const attached = { ...rules, detach: false }
  bounds.processes.forEach((kind, index) => {
    const process = state.processes[index] as Process
    const stepping: SteppingProcess = { rules: kind.memory || kind.overlaps ? rules : attached, bounds, kind, state, process, index, found }
    if (kind.learns) learningSteps(stepping)
    losingSteps(stepping)
    loadSteps(stepping)
  })
}

/**
 * How a process learns of changes: its own `update()`, the log, hints. A writer that dies after its commit does not take the first step.
 */
function learningSteps(stepping: SteppingProcess): void {
  const { rules, kind, state, process } = stepping
  const { shared } = state
  const latest = latestOf(shared)
  for (const version of changesOf(shared)) {
    if (version <= process.knows) continue
    const knowing = { ...committed(rules, process, version, kind.memory), knows: version }
    addStep(stepping, () => `is told that its update() is committed as ${version}`, withProcess(stepping, knowing))
  }
  // The log is read at one time, and its answer arrives later.
  for (let clock = clockOf(shared); valueAt(shared, clock) > process.knows; clock--) {
    const version = valueAt(shared, clock)
    const knowing = { ...logged(rules, process, version, clock), knows: version }
    addStep(stepping, () => `is told by the log, read at ${clock}, that the flag is at ${version}`, withProcess(stepping, knowing))
  }
  for (const version of latest === shared.resolved ? [latest] : [shared.resolved, latest]) {
    const after = hint(rules, process, version)
    if (after === process) continue
    // Redis publishes after it has raised the fence; the store notifies before that.
    const fromRedis = version === shared.resolved
    const hearing = fromRedis && kind.memory ? { ...after, heard: version } : after
    addStep(stepping, () => `hears a hint of ${version} from ${fromRedis ? 'Redis' : 'the store'}`, withProcess(stepping, hearing))
  }
  if (!kind.memory) return
  // The hint may be late. The code takes hints only in sequence, which excludes some of these steps; the model leaves that out.
  for (const version of changesOf(shared).filter((each) => each <= shared.resolved)) {
    const after = brought(rules, process, version)
    if (after !== process) addStep(stepping, () => `hears a hint of ${version} from Redis, with the record`, withProcess(stepping, after))
  }
}

/** What a process may lose: everything by a crash, an entry of its memory. */
function losingSteps(stepping: SteppingProcess): void {
  const { rules, state, process } = stepping
  const { shared } = state
  if (shared.restarts > 0) {
    const clock = clockOf(shared)
    const fresh = started(rules.head ? clock : 0, latestOf(shared))
    addStep(
      stepping,
      () => `dies and starts anew, the store being at ${clock}`,
      withProcess(stepping, fresh, { ...shared, restarts: shared.restarts - 1 }),
    )
  }
  if (process.memory !== null) addStep(stepping, () => 'evicts the flag from memory', withProcess(stepping, { ...process, memory: null }))
}
