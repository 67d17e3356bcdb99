import { flightSteps } from './flight-steps.ts'
import type { Broken } from './process-rules.ts'
import { brought, committed, giveUpFloor, hint, logged } from './process-rules.ts'
import type { Bounds, Kind, Rules } from './rules.ts'
import { changesOf, clockOf, latestOf, type Process, type State, started, valueAt, type World } from './state.ts'
import type { Step } from './steps.ts'

/** A process that may take a step, and where to put its steps. */
export interface Actor {
  readonly rules: Rules
  readonly bounds: Bounds
  readonly kind: Kind
  readonly state: State
  readonly process: Process
  readonly index: number
  readonly found: Step[]
}

export function processSteps(rules: Rules, bounds: Bounds, state: State, found: Step[]): void {
  // Without a memory and without a load beside it, a detached load is one whose FILL is lost; and that may happen to any.
  const attached = { ...rules, detach: false }
  bounds.processes.forEach((kind, index) => {
    const process = state.processes[index] as Process
    const actor: Actor = { rules: kind.memory || kind.overlaps ? rules : attached, bounds, kind, state, process, index, found }
    if (kind.learns) learningSteps(actor)
    losingSteps(actor)
    flightSteps(actor)
  })
}

/** The state in which this process, and perhaps the world, have changed. What is live in memory may be answered, so it counts as seen. */
export function changed({ state, index }: Actor, next: Process, world: World = state.world): State {
  const value = next.memory?.live ? valueAt(world, next.memory.asOf) : 0
  const process = value > next.seen ? { ...next, seen: value } : next
  return { world, processes: state.processes.map((old, at) => (at === index ? process : old)) }
}

export function push(actor: Actor, label: () => string, state: State, broke?: Broken): void {
  actor.found.push({ label: () => `${'AB'[actor.index]} ${label()}`, state, broke })
}

/** How a process learns of changes: its own `update()`, the log, hints. A writer that dies after its commit never gets to the first. */
function learningSteps(actor: Actor): void {
  const { rules, kind, state, process } = actor
  const { world } = state
  const latest = latestOf(world)
  for (const version of changesOf(world)) {
    if (version <= process.knows) continue
    const knowing = { ...committed(rules, process, version, kind.memory), knows: version }
    push(actor, () => `is told that its update() is committed as ${version}`, changed(actor, knowing))
  }
  // The log is read at one moment, and what it said arrives at a later one.
  for (let clock = clockOf(world); valueAt(world, clock) > process.knows; clock--) {
    const version = valueAt(world, clock)
    const knowing = { ...logged(rules, process, version, clock), knows: version }
    push(actor, () => `is told by the log, read at ${clock}, that the flag is at ${version}`, changed(actor, knowing))
  }
  for (const version of latest === world.resolved ? [latest] : [world.resolved, latest]) {
    const after = hint(rules, process, version)
    if (after === process) continue
    // Redis publishes what it has raised; the store notifies before that.
    const fromRedis = version === world.resolved
    const hearing = fromRedis && kind.memory ? { ...after, heard: version } : after
    push(actor, () => `hears a hint of ${version} from ${fromRedis ? 'Redis' : 'the store'}`, changed(actor, hearing))
  }
  if (!kind.memory) return
  // However late it comes: that hints count only one after the other is not in the model, and keeps away some of this.
  for (const version of changesOf(world).filter((each) => each <= world.resolved)) {
    const after = brought(rules, process, version)
    if (after !== process) push(actor, () => `hears a hint of ${version} from Redis, with the record`, changed(actor, after))
  }
}

/** What a process may lose: itself, an entry of its memory, a floor. */
function losingSteps(actor: Actor): void {
  const { rules, bounds, state, process } = actor
  const { world } = state
  if (world.restarts > 0) {
    const clock = clockOf(world)
    const fresh = started(rules.head ? clock : 0, latestOf(world))
    push(
      actor,
      () => `dies and starts anew, the store being at ${clock}`,
      changed(actor, fresh, { ...world, restarts: world.restarts - 1 }),
    )
  }
  if (process.memory !== null) push(actor, () => 'evicts the flag from memory', changed(actor, { ...process, memory: null }))
  if (bounds.overflow && process.changed + process.answered > 0) {
    push(actor, () => "gives up the flag's floor for want of room", changed(actor, giveUpFloor(process)))
  }
}
