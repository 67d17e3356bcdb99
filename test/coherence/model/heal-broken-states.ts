import { handle } from './load-rules.ts'
import type { Bounds, Rules } from './protocol-rules.ts'
import { counted, invalidate, tokenOf } from './redis-rules.ts'
import { type Load, NONE, type Process, type SharedState, type State, valueAt } from './state.ts'

/** Whether Redis holds a valid entry that is older than an update that has resolved. */
export function isBroken(rules: Rules, { redis, resolved, ...shared }: SharedState): boolean {
  const flag = counted(rules, redis, redis.flag)
  return flag !== NONE && valueAt({ redis, resolved, ...shared }, flag) < resolved
}

export interface Healing {
  broken: number
  healed: number
}

/**
 * In every broken state, each process that knows of a change that Redis has lost reads the flag once, with no message in transit.
 * `ReadPath.#healFence`, then `Invalidations.raiseOwed`.
 */
export function heal(rules: Rules, { processes: kinds, decisions }: Bounds, { shared, processes }: State, tally: Healing): void {
  if (!isBroken(rules, shared)) return
  processes.forEach((process, index) => {
    const memory = kinds[index]?.memory === true
    if (!knowsBetter(rules, shared, process)) return
    tally.broken++
    const { redis } = shared
    const flag = counted(rules, redis, redis.flag)
    const load: Load = { stage: 'read', token: tokenOf(redis), flag, decision: NONE, asOf: NONE, decided: false }
    const [outcome] = handle({ rules, shared, memory, decisions }, process, load, false)
    const after = outcome?.invalidate === undefined ? redis : invalidate(rules, redis, outcome.invalidate)
    if (!isBroken(rules, { ...shared, redis: after })) tally.healed++
  })
}

const knowsBetter = (rules: Rules, { redis }: SharedState, { changed }: Process): boolean => counted(rules, redis, redis.flag) < changed
