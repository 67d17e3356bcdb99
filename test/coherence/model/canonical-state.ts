import type { Rules } from './protocol-rules.ts'
import { DEAD, type Entry, type Fence, type Load, NO_TOKEN, type Process, type Redis, type State } from './state.ts'

/**
 * Renames the nonces of a state: 1 for the current fence, 2 for the fence before the last write, `DEAD` for all others, which can never
 * match again. Messages and entries with a dead token are dropped if they can have no effect.
 */
export function canonicalState(rules: Rules, { shared, processes }: State): State {
  if (rules.fence !== 'token' && rules.fence !== 'nx') return { shared, processes }
  const { redis, before } = shared
  const now = redis.fence?.nonce
  const then = before?.fence?.nonce
  const token = (fence: Fence): Fence => {
    if (fence.nonce === DEAD) return NO_TOKEN
    if (fence.nonce === now) return fence.nonce === 1 ? fence : { version: fence.version, nonce: 1 }
    return fence.nonce === then ? { version: fence.version, nonce: 2 } : NO_TOKEN
  }
  const entry = (old: Entry | null): Entry | null => {
    if (old === null) return null
    const { nonce } = token({ version: 0, nonce: old.nonce })
    return nonce === DEAD ? null : { nonce, asOf: old.asOf }
  }
  const cache = ({ fence, flag, decision }: Redis): Redis => ({
    fence: fence && token(fence),
    flag: entry(flag),
    decision: entry(decision),
  })
  const fills = shared.fills.map((fill) => ({ ...fill, token: token(fill.token) })).filter((fill) => fill.token.nonce !== DEAD)
  const updatedRecords = shared.updatedRecords
    .map((updatedRecord) => ({ ...updatedRecord, token: token(updatedRecord.token) }))
    .filter((updatedRecord) => updatedRecord.token.nonce !== DEAD)
  const load = (old: Load | null): Load | null => {
    const renamed = old && token(old.token)
    return old === null || renamed === null || renamed === old.token ? old : { ...old, token: renamed }
  }
  const process = (old: Process): Process => {
    const [open, loose] = [load(old.open), load(old.loose)]
    return open === old.open && loose === old.loose ? old : { ...old, open, loose }
  }
  return {
    shared: { ...shared, redis: cache(redis), before: before && cache(before), fills, updatedRecords },
    processes: processes.map(process),
  }
}
