import { canonicalState } from './canonical-state.ts'
import { processSteps } from './process-steps.ts'
import type { Bounds, Rules } from './protocol-rules.ts'
import { fill, invalidate } from './redis-rules.ts'
import { changesOf, latestOf, NO_TOKEN, type Redis, type SharedState, type State, type UpdatedRecord } from './state.ts'
import { updatedRecordText } from './state-key.ts'
import { afterRedisWrite, type Step } from './step.ts'

/** All steps that are possible in a state. */
export function steps(rules: Rules, bounds: Bounds, state: State): Step[] {
  const found: Step[] = []
  storeSteps(bounds, state, found)
  redisSteps(rules, state, found)
  processSteps(rules, bounds, state, found)
  return found
}

function storeSteps({ updates, others }: Bounds, { shared, processes }: State, found: Step[]): void {
  const { history } = shared
  const clock = history.length
  const changes = changesOf(shared).length
  const commits = (version: number, updatedRecords = shared.updatedRecords): State => ({
    shared: { ...shared, history: [...history, version], updatedRecords },
    processes,
  })
  if (changes < updates) {
    // The writer has read the fence before: the current one, the one before (which a failover may restore), or one that never returns.
    const updatedRecords = [shared.redis, shared.before].flatMap((redis) => (redis?.fence ? { version: clock, token: redis.fence } : []))
    found.push({ label: () => `the store commits change ${clock}`, state: commits(clock, [...shared.updatedRecords, ...updatedRecords]) })
  }
  // A process that follows the store reads the fence, then the log, and sends the record of the latest change.
  const { fence } = shared.redis
  const followed = fence === null || latestOf(shared) === 0 ? undefined : { version: latestOf(shared), token: fence }
  if (followed !== undefined && !shared.updatedRecords.some((each) => updatedRecordText(each) === updatedRecordText(followed))) {
    const state = { shared: { ...shared, updatedRecords: [...shared.updatedRecords, followed] }, processes }
    found.push({ label: () => `a follower reads the fence, then the log: change ${followed.version}`, state })
  }
  if (clock - 1 - changes < others) {
    found.push({ label: () => `the store commits change ${clock}, of another flag`, state: commits(latestOf(shared)) })
  }
}

/** The records that a writer may send. If the rules ignore which fence it read, one without a fence stands for all. */
function updatedRecordsOf(rules: Rules, { updatedRecords }: SharedState, version: number): readonly UpdatedRecord[] {
  if (rules.fence !== 'token') return []
  return rules.updatedRecord === 'before' ? updatedRecords.filter((each) => each.version === version) : [{ version, token: NO_TOKEN }]
}

function redisSteps(rules: Rules, state: State, found: Step[]): void {
  const { shared, processes } = state
  const { redis, fills, resolved, before } = shared
  // The writer sends INVALIDATE, or if it died, a process that reads the log. The message may be late, repeated, after the next one, or
  // lost. So it may arrive at any time after the commit.
  for (const version of changesOf(shared)) {
    const next = invalidate(rules, redis, version)
    if (next === redis && resolved >= version) continue
    const push = (what: string, to: Redis): void => {
      found.push({
        label: () => `Redis: INVALIDATE ${version}${what}; update() may resolve`,
        state: afterRedisWrite(rules, state, to, Math.max(resolved, version)),
      })
    }
    push('', next)
    for (const followed of updatedRecordsOf(rules, shared, version)) {
      const filled = invalidate(rules, redis, version, followed)
      if (filled.flag !== next.flag) push(', followed by its record', filled)
    }
  }
  for (const each of fills) {
    const next = fill(rules, redis, each)
    if (next !== redis) found.push({ label: () => `Redis: FILL as of ${each.asOf}`, state: afterRedisWrite(rules, state, next) })
  }
  for (const lost of ['fence', 'flag', 'decision'] as const) {
    if (redis[lost] !== null)
      found.push({ label: () => `Redis: evicts the ${lost}`, state: afterRedisWrite(rules, state, { ...redis, [lost]: null }) })
  }
  if (before === null) return
  const failovers = shared.failovers - 1
  const restored: SharedState = { ...shared, redis: before, before: failovers > 0 ? before : null, failovers }
  found.push({ label: () => 'Redis: fails over and loses its last write', state: canonicalState(rules, { shared: restored, processes }) })
}
