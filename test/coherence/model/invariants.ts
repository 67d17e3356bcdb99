import type { BrokenPromise } from './process-rules.ts'
import type { Rules } from './protocol-rules.ts'
import { counted } from './redis-rules.ts'
import { NONE, type Process, type SharedState, type State, valueAt } from './state.ts'
import type { Step } from './step.ts'

/** Whether the step is a failover, after which Redis may break its promises. */
const failsOver = (from: SharedState, to: SharedState): boolean => to.failovers < from.failovers

/** The first promise that a step from this state breaks. */
export function brokenBy(rules: Rules, from: State, { state, broke }: Step): BrokenPromise | undefined {
  return broke ?? (state.shared === from.shared ? undefined : redisBroke(rules, from.shared, state.shared)) ?? processesBroke(from, state)
}

function redisBroke(rules: Rules, from: SharedState, to: SharedState): BrokenPromise | undefined {
  const { redis, resolved } = to
  for (const kind of ['flag', 'decision'] as const) {
    const asOf = counted(rules, redis, redis[kind])
    if (asOf === NONE) continue
    if (valueAt(to, asOf) < resolved) return 'G1: Redis counts an entry from before an update that has resolved'
    if (!failsOver(from, to) && asOf < counted(rules, from.redis, from.redis[kind])) return 'law 4: Redis moves to a lower version'
  }
  if (redis.fence === null || from.redis.fence === null || failsOver(from, to)) return undefined
  return redis.fence.version < from.redis.fence.version ? 'law 4: Redis moves to a lower version' : undefined
}

function processesBroke(from: State, { shared, processes }: State): BrokenPromise | undefined {
  for (let index = 0; index < processes.length; index++) {
    const [before, after] = [from.processes[index], processes[index]]
    if (before === undefined || after === undefined || before === after) continue
    const broke = memoryBroke(shared, after) ?? (shared.restarts < from.shared.restarts ? undefined : sank(before, after))
    if (broke !== undefined) return broke
  }
  return undefined
}

/** A live value in memory may be answered at any time. */
function memoryBroke(shared: SharedState, { memory, knows, seen, heard }: Process): BrokenPromise | undefined {
  if (!memory?.live) return undefined
  const value = valueAt(shared, memory.asOf)
  if (value < knows) return 'G2: a process answers from before a change that it knows of'
  if (value < seen) return 'G2: a process goes back'
  return value < heard ? 'law 3: a load from before a hint is kept in memory after it' : undefined
}

function sank(before: Process, { memory, common, changed, answered }: Process): BrokenPromise | undefined {
  if (memory && before.memory && memory.asOf < before.memory.asOf) return 'law 4: memory moves to a lower version'
  const floor = Math.max(common, changed, answered)
  return floor < Math.max(before.common, before.changed, before.answered) ? 'law 4: a floor sinks' : undefined
}
