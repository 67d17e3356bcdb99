import { type Asker, handle, landFromStore, type Outcome } from './load-rules.ts'
import { floor } from './process-rules.ts'
import type { Rules } from './protocol-rules.ts'
import { counted, needsPlaceholder, placeholder, tokenOf } from './redis-rules.ts'
import { clockOf, DEAD, type Load, NONE, type Process, type SharedState } from './state.ts'
import { fillText } from './state-key.ts'
import { afterRedisWrite } from './step.ts'
import { addStep, type SteppingProcess, withProcess } from './stepping-process.ts'

/** The next steps of a process' loads: the one that new callers join, and one that a change has detached. */
export function loadSteps(stepping: SteppingProcess): void {
  const { kind, process } = stepping
  if (process.open !== null) advance(stepping, process.open, false)
  else if (process.loose === null || kind.overlaps) readSteps(stepping)
  if (process.loose !== null) advance(stepping, process.loose, true)
}

/** The MGET of `RedisCache.read`. */
function readSteps(stepping: SteppingProcess): void {
  const { rules, kind, state, process } = stepping
  const { redis } = state.shared
  const nothing = { token: tokenOf(redis), flag: NONE, decision: NONE, asOf: NONE, decided: false }
  if (needsPlaceholder(rules, redis)) {
    addStep(stepping, () => 'reads Redis: no fence', withProcess(stepping, { ...process, open: { ...nothing, stage: 'fenceless' } }))
    return
  }
  const flag = counted(rules, redis, redis.flag)
  const decision = counted(rules, redis, redis.decision)
  const load: Load = { ...nothing, stage: 'read', flag, decision }
  const label = `reads Redis: ${found(flag, decision)}`
  if (kind.learns || Math.max(flag, decision) < floor(rules, process)) {
    addStep(stepping, () => label, withProcess(stepping, { ...process, open: load }))
  } else {
    for (const outcome of handle(askerOf(stepping), process, load, false)) become(stepping, label, outcome, false)
  }
}

function found(flag: number, decision: number): string {
  if (flag === NONE) return decision === NONE ? 'nothing counts' : `a decision as of ${decision}`
  return decision === NONE ? `the flag as of ${flag}` : `the flag as of ${flag}, a decision as of ${decision}`
}

function advance(stepping: SteppingProcess, load: Load, detached: boolean): void {
  const { rules, state, process } = stepping
  const { shared } = state
  if (load.stage === 'fenceless') {
    const next = placeholder(shared.redis)
    const waiting = withLoad(process, { ...load, stage: 'read', token: tokenOf(next) }, detached)
    addStep(stepping, () => `asks Redis for a placeholder${late(detached)}`, afterRedisWrite(rules, withProcess(stepping, waiting), next))
  } else if (load.stage === 'missed') {
    loadFromStore(stepping, { process, load }, load, detached)
  } else if (load.stage === 'loaded') {
    const label = `is given its load as of ${load.asOf}`
    for (const outcome of landFromStore(askerOf(stepping), process, load, detached)) become(stepping, label, outcome, detached)
  } else {
    for (const outcome of handle(askerOf(stepping), process, load, detached)) {
      // Until a caller is answered, it makes no difference when the process handled the reply of Redis.
      if (outcome.load !== null && !outcome.load.decided) loadFromStore(stepping, outcome, outcome.load, detached)
      else become(stepping, 'is given what Redis said', outcome, detached)
    }
  }
}

function loadFromStore(stepping: SteppingProcess, outcome: Outcome, missed: Load, detached: boolean): void {
  const { rules, kind, state } = stepping
  for (const asOf of loads(rules, state.shared)) {
    const label = `loads from the store: as of ${asOf}`
    const load: Load = { ...missed, stage: 'loaded', flag: NONE, decision: NONE, asOf }
    // If the process learns of nothing meanwhile, it makes no difference when it handles the reply.
    const outcomes = kind.learns ? [{ ...outcome, load }] : landFromStore(askerOf(stepping), outcome.process, load, detached)
    for (const each of outcomes) become(stepping, label, each, detached)
  }
}

const askerOf = ({ rules, kind, bounds, state }: SteppingProcess): Asker => ({
  ...{ rules, memory: kind.memory, decisions: bounds.decisions },
  shared: state.shared,
})

function become(stepping: SteppingProcess, label: string, outcome: Outcome, detached: boolean): void {
  const next = withProcess(
    stepping,
    withLoad(outcome.process, outcome.load, detached),
    withFill(stepping.rules, stepping.state.shared, outcome),
  )
  addStep(stepping, () => `${label}${late(detached)}`, next, outcome.broke)
}

const late = (detached: boolean): string => (detached ? ' (detached)' : '')

/** The store answers with its current state, a replica with any earlier one. */
function loads({ loads: from }: Rules, shared: SharedState): number[] {
  const clock = clockOf(shared)
  return from === 'primary' ? [clock] : Array.from({ length: clock + 1 }, (_, asOf) => asOf)
}

const withLoad = (process: Process, load: Load | null, detached: boolean): Process =>
  detached ? { ...process, loose: load } : { ...process, open: load }

function withFill({ fence }: Rules, shared: SharedState, { fill }: Outcome): SharedState {
  if (fill === undefined) return shared
  if (fill.token.nonce === DEAD && (fence === 'token' || fence === 'nx')) return shared
  return shared.fills.some((each) => fillText(each) === fillText(fill)) ? shared : { ...shared, fills: [...shared.fills, fill] }
}
