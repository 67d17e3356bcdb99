import { type Asker, handle, landFromStore, type Outcome } from './flight-rules.ts'
import { fillText } from './key.ts'
import { floor } from './process-rules.ts'
import { type Actor, changed, push } from './process-steps.ts'
import { counted, needsPlaceholder, placeholder, tokenOf } from './redis-rules.ts'
import type { Rules } from './rules.ts'
import { clockOf, DEAD, type Flight, NONE, type Process, type World } from './state.ts'
import { wrote } from './steps.ts'

/** What its loads can do next: the one that new callers join, and one that a change has detached. */
export function flightSteps(actor: Actor): void {
  const { kind, process } = actor
  if (process.open !== null) advance(actor, process.open, false)
  else if (process.loose === null || kind.overlaps) readSteps(actor)
  if (process.loose !== null) advance(actor, process.loose, true)
}

/** The MGET of `RedisCache.read`. */
function readSteps(actor: Actor): void {
  const { rules, kind, state, process } = actor
  const { redis } = state.world
  const nothing = { token: tokenOf(redis), flag: NONE, decision: NONE, asOf: NONE, decided: false }
  if (needsPlaceholder(rules, redis)) {
    push(actor, () => 'reads Redis: no fence', changed(actor, { ...process, open: { ...nothing, stage: 'fenceless' } }))
    return
  }
  const flag = counted(rules, redis, redis.flag)
  const decision = counted(rules, redis, redis.decision)
  const flight: Flight = { ...nothing, stage: 'read', flag, decision }
  const label = `reads Redis: ${found(flag, decision)}`
  if (kind.learns || Math.max(flag, decision) < floor(rules, process)) {
    push(actor, () => label, changed(actor, { ...process, open: flight }))
  } else {
    for (const outcome of handle(askerOf(actor), process, flight, false)) become(actor, label, outcome, false)
  }
}

function found(flag: number, decision: number): string {
  if (flag === NONE) return decision === NONE ? 'nothing counts' : `a decision as of ${decision}`
  return decision === NONE ? `the flag as of ${flag}` : `the flag as of ${flag}, a decision as of ${decision}`
}

function advance(actor: Actor, flight: Flight, detached: boolean): void {
  const { rules, state, process } = actor
  const { world } = state
  if (flight.stage === 'fenceless') {
    const next = placeholder(world.redis)
    const waiting = withFlight(process, { ...flight, stage: 'read', token: tokenOf(next) }, detached)
    push(actor, () => `asks Redis for a placeholder${late(detached)}`, wrote(rules, changed(actor, waiting), next))
  } else if (flight.stage === 'missed') {
    load(actor, { process, flight }, flight, detached)
  } else if (flight.stage === 'loaded') {
    const label = `is given its load as of ${flight.asOf}`
    for (const outcome of landFromStore(askerOf(actor), process, flight, detached)) become(actor, label, outcome, detached)
  } else {
    for (const outcome of handle(askerOf(actor), process, flight, detached)) {
      // As long as nobody was answered, nobody can tell when the process looked at what Redis said.
      if (outcome.flight !== null && !outcome.flight.decided) load(actor, outcome, outcome.flight, detached)
      else become(actor, 'is given what Redis said', outcome, detached)
    }
  }
}

function load(actor: Actor, outcome: Outcome, missed: Flight, detached: boolean): void {
  const { rules, kind, state } = actor
  for (const asOf of loads(rules, state.world)) {
    const label = `loads from the store: as of ${asOf}`
    const flight: Flight = { ...missed, stage: 'loaded', flag: NONE, decision: NONE, asOf }
    // For a process that learns of nothing in between, it is all the same when it looks at what it is given.
    const outcomes = kind.learns ? [{ ...outcome, flight }] : landFromStore(askerOf(actor), outcome.process, flight, detached)
    for (const each of outcomes) become(actor, label, each, detached)
  }
}

const askerOf = ({ rules, kind, bounds, state }: Actor): Asker => ({
  ...{ rules, memory: kind.memory, decisions: bounds.decisions },
  world: state.world,
})

function become(actor: Actor, label: string, outcome: Outcome, detached: boolean): void {
  const next = changed(actor, withFlight(outcome.process, outcome.flight, detached), withFill(actor.rules, actor.state.world, outcome))
  push(actor, () => `${label}${late(detached)}`, next, outcome.broke)
}

const late = (detached: boolean): string => (detached ? ' (detached)' : '')

/** The store answers with what it holds; a replica with what it held at some time. */
function loads({ loads: from }: Rules, world: World): number[] {
  const clock = clockOf(world)
  return from === 'primary' ? [clock] : Array.from({ length: clock + 1 }, (_, asOf) => asOf)
}

const withFlight = (process: Process, flight: Flight | null, detached: boolean): Process =>
  detached ? { ...process, loose: flight } : { ...process, open: flight }

function withFill({ fence }: Rules, world: World, { fill }: Outcome): World {
  if (fill === undefined) return world
  if (fill.token.nonce === DEAD && (fence === 'token' || fence === 'nx')) return world
  return world.fills.some((each) => fillText(each) === fillText(fill)) ? world : { ...world, fills: [...world.fills, fill] }
}
