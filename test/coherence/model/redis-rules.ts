import type { Rules } from './protocol-rules.ts'
import { DEAD, type Entry, type Fence, type Fill, NONE, type Redis, type UpdatedRecord } from './state.ts'

/** Above every nonce in a state, since `canonicalState` leaves at most two. */
const NEW_NONCE = 3

const numeric = (rules: Rules): boolean => rules.fence === 'order' || rules.fence === 'equal'

/** Whether an entry or message with this nonce is valid under this fence. */
function valid(rules: Rules, nonce: number, fence: Fence | null): boolean {
  if (rules.fence === 'none') return true
  if (rules.fence === 'order') return nonce >= (fence?.nonce ?? 0)
  if (rules.fence === 'equal') return nonce === (fence?.nonce ?? 0)
  return fence !== null && nonce !== DEAD && nonce === fence.nonce
}

/** `readFlag` and `readCheck` of the adapter: the entry's "as of", or `NONE`. */
export function counted(rules: Rules, { fence }: Redis, entry: Entry | null): number {
  return entry !== null && valid(rules, entry.nonce, fence) ? entry.asOf : NONE
}

/** Whether a reader that finds no fence must install a placeholder. */
export const needsPlaceholder = (rules: Rules, { fence }: Redis): boolean =>
  fence === null && (rules.fence === 'token' || rules.fence === 'nx')

/** The fence as a reader sees it. */
export const tokenOf = ({ fence }: Redis): Fence => fence ?? { version: 0, nonce: 0 }

/** The script PLACEHOLDER. */
export function placeholder(redis: Redis): Redis {
  return redis.fence === null ? { ...redis, fence: { version: 0, nonce: NEW_NONCE } } : redis
}

/** The script INVALIDATE, with or without a record that follows. */
export function invalidate(rules: Rules, redis: Redis, version: number, updatedRecord?: UpdatedRecord): Redis {
  if (rules.fence === 'none') return { fence: null, flag: null, decision: null }
  if (rules.fence === 'nx' && redis.fence !== null) return { ...redis, flag: null }
  if (redis.fence !== null && redis.fence.version >= version) return redis
  const fence = { version, nonce: numeric(rules) ? version : NEW_NONCE }
  const flag = updatedRecord !== undefined && follows(rules, redis, updatedRecord) ? { nonce: fence.nonce, asOf: version } : null
  return { ...redis, fence, flag }
}

function follows(rules: Rules, redis: Redis, { version, token }: UpdatedRecord): boolean {
  if (rules.successorChecksEntry && counted(rules, redis, redis.flag) > version) return false
  if (rules.updatedRecord === 'before') return valid(rules, token.nonce, redis.fence)
  return rules.updatedRecord === 'any' || redis.fence !== null
}

/** The script FILL. Returns the same Redis if it refuses. */
export function fill(rules: Rules, redis: Redis, { token, asOf, flag, decision }: Fill): Redis {
  if (!valid(rules, token.nonce, redis.fence)) return redis
  if (rules.fillChecksVersion && asOf < token.version) return redis
  if (rules.fillChecksEntry) {
    if (flag && counted(rules, redis, redis.flag) > asOf) return redis
    if (decision && counted(rules, redis, redis.decision) > asOf) return redis
  }
  const entry = { nonce: token.nonce, asOf }
  return { ...redis, flag: flag ? entry : redis.flag, decision: decision ? entry : redis.decision }
}
