import { canonical } from './canonical.ts'
import { successorText } from './key.ts'
import type { Broken } from './process-rules.ts'
import { processSteps } from './process-steps.ts'
import { fill, invalidate } from './redis-rules.ts'
import type { Bounds, Rules } from './rules.ts'
import { changesOf, latestOf, NO_TOKEN, type Redis, type State, type Successor, type World } from './state.ts'

/** One step that can be taken: what it is called, where it leads, and what it broke. */
export interface Step {
  readonly label: () => string
  readonly state: State
  readonly broke?: Broken | undefined
}

/** Everything that can happen next. */
export function steps(rules: Rules, bounds: Bounds, state: State): Step[] {
  const found: Step[] = []
  storeSteps(bounds, state, found)
  redisSteps(rules, state, found)
  processSteps(rules, bounds, state, found)
  return found
}

/** Redis has written; it may fail over to what it was before. */
export function wrote(rules: Rules, { world, processes }: State, next: Redis, resolved: number = world.resolved): State {
  const before = next === world.redis || world.failovers === 0 ? world.before : world.redis
  const state = { world: { ...world, redis: next, before, resolved }, processes }
  return next === world.redis ? state : canonical(rules, state)
}

function storeSteps({ updates, others }: Bounds, { world, processes }: State, found: Step[]): void {
  const { history } = world
  const clock = history.length
  const changes = changesOf(world).length
  const commits = (version: number, successors = world.successors): State => ({
    world: { ...world, history: [...history, version], successors },
    processes,
  })
  if (changes < updates) {
    // Its writer has read the fence before: it is this one, one that may come back, or one that is gone for ever.
    const successors = [world.redis, world.before].flatMap((redis) => (redis?.fence ? { version: clock, token: redis.fence } : []))
    found.push({ label: () => `the store commits change ${clock}`, state: commits(clock, [...world.successors, ...successors]) })
  }
  // Who follows the store reads the fence, and then the log, whose latest change it sends with its record.
  const { fence } = world.redis
  const followed = fence === null || latestOf(world) === 0 ? undefined : { version: latestOf(world), token: fence }
  if (followed !== undefined && !world.successors.some((each) => successorText(each) === successorText(followed))) {
    const state = { world: { ...world, successors: [...world.successors, followed] }, processes }
    found.push({ label: () => `a follower reads the fence, then the log: change ${followed.version}`, state })
  }
  if (clock - 1 - changes < others) {
    found.push({ label: () => `the store commits change ${clock}, of another flag`, state: commits(latestOf(world)) })
  }
}

/** What the writer of a change may send. Where it does not matter which fence it has read, it has read none. */
function successorsOf(rules: Rules, { successors }: World, version: number): readonly Successor[] {
  if (rules.fence !== 'token') return []
  return rules.successor === 'before' ? successors.filter((each) => each.version === version) : [{ version, token: NO_TOKEN }]
}

function redisSteps(rules: Rules, state: State, found: Step[]): void {
  const { world, processes } = state
  const { redis, fills, resolved, before } = world
  // Whoever knows of a change sends it: who made it, or, where that died, who reads the log. It comes late, repeated, after the next, or
  // never. So from the commit on it may come.
  for (const version of changesOf(world)) {
    const next = invalidate(rules, redis, version)
    if (next === redis && resolved >= version) continue
    const push = (what: string, to: Redis): void => {
      found.push({
        label: () => `Redis: INVALIDATE ${version}${what}; update() may resolve`,
        state: wrote(rules, state, to, Math.max(resolved, version)),
      })
    }
    push('', next)
    for (const followed of successorsOf(rules, world, version)) {
      const filled = invalidate(rules, redis, version, followed)
      if (filled.flag !== next.flag) push(', followed by its record', filled)
    }
  }
  for (const each of fills) {
    const next = fill(rules, redis, each)
    if (next !== redis) found.push({ label: () => `Redis: FILL as of ${each.asOf}`, state: wrote(rules, state, next) })
  }
  for (const lost of ['fence', 'flag', 'decision'] as const) {
    if (redis[lost] !== null)
      found.push({ label: () => `Redis: evicts the ${lost}`, state: wrote(rules, state, { ...redis, [lost]: null }) })
  }
  if (before === null) return
  const failovers = world.failovers - 1
  const restored: World = { ...world, redis: before, before: failovers > 0 ? before : null, failovers }
  found.push({ label: () => 'Redis: fails over and loses its last write', state: canonical(rules, { world: restored, processes }) })
}
