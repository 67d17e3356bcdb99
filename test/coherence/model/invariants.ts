import type { Broken } from './process-rules.ts'
import { counted } from './redis-rules.ts'
import type { Rules } from './rules.ts'
import { NONE, type Process, type State, valueAt, type World } from './state.ts'
import type { Step } from './steps.ts'

/** Whether the step is a fault that may take back what Redis has promised. */
const failsOver = (from: World, to: World): boolean => to.failovers < from.failovers

/** The first promise that a step from here breaks. */
export function brokenBy(rules: Rules, from: State, { state, broke }: Step): Broken | undefined {
  return broke ?? (state.world === from.world ? undefined : redisBroke(rules, from.world, state.world)) ?? processesBroke(from, state)
}

function redisBroke(rules: Rules, from: World, to: World): Broken | undefined {
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

function processesBroke(from: State, { world, processes }: State): Broken | undefined {
  for (let index = 0; index < processes.length; index++) {
    const [before, after] = [from.processes[index], processes[index]]
    if (before === undefined || after === undefined || before === after) continue
    const broke = memoryBroke(world, after) ?? (world.restarts < from.world.restarts ? undefined : sank(before, after))
    if (broke !== undefined) return broke
  }
  return undefined
}

/** What is live in memory may be answered at any time. */
function memoryBroke(world: World, { memory, knows, seen, heard }: Process): Broken | undefined {
  if (!memory?.live) return undefined
  const value = valueAt(world, memory.asOf)
  if (value < knows) return 'G2: a process answers from before a change that it knows of'
  if (value < seen) return 'G2: a process goes back'
  return value < heard ? 'law 3: a load from before a hint is kept in memory after it' : undefined
}

function sank(before: Process, { memory, common, changed, answered }: Process): Broken | undefined {
  if (memory && before.memory && memory.asOf < before.memory.asOf) return 'law 4: memory moves to a lower version'
  const floor = Math.max(common, changed, answered)
  return floor < Math.max(before.common, before.changed, before.answered) ? 'law 4: a floor sinks' : undefined
}
