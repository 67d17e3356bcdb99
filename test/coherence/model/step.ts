import { canonicalState } from './canonical-state.ts'
import type { BrokenPromise } from './process-rules.ts'
import type { Rules } from './protocol-rules.ts'
import type { Redis, State } from './state.ts'

/** A step from one state to another: its label, the state it leads to, and the promise that it breaks, if any. */
export interface Step {
  readonly label: () => string
  readonly state: State
  readonly broke?: BrokenPromise | undefined
}

/** The state after a write to Redis. Redis may later fail over to its state before the write. */
export function afterRedisWrite(rules: Rules, { shared, processes }: State, next: Redis, resolved: number = shared.resolved): State {
  const before = next === shared.redis || shared.failovers === 0 ? shared.before : shared.redis
  const state = { shared: { ...shared, redis: next, before, resolved }, processes }
  return next === shared.redis ? state : canonicalState(rules, state)
}
