import assert from 'node:assert/strict'
import type { CacheFill, CacheRead, Decision, DecisionKind, FlagCache, FlagRecord } from '../contracts/index.ts'

/** Long enough that nothing expires during a case. */
export const TTL_MS = 300_000

/** Reads one flag, and a decision where a targeting key is given. */
export async function readOne(cache: FlagCache, name: string, targetingKey?: string, kind: DecisionKind = 'check'): Promise<CacheRead> {
  const reads = await cache.read([targetingKey === undefined ? { name } : { name, decision: { kind, targetingKey } }])
  assert.equal(reads.length, 1)
  return reads[0] as CacheRead
}

/** The token of the flag's fence; fails where there is none. */
export async function tokenOf(cache: FlagCache, name: string): Promise<string> {
  const { token } = await readOne(cache, name)
  assert.ok(token, `flag ${name} has no token`)
  return token
}

/** A fill of a flag. */
export function flagFill(name: string, token: string, asOf: number, value: FlagRecord | null, ttlMs: number = TTL_MS): CacheFill {
  return { name, token, flag: { asOf, value, ttlMs } }
}

/** A fill of a decision: a boolean goes to `check`, anything else to `endpoint`. */
export function decisionFill(name: string, token: string, asOf: number, targetingKey: string, value: boolean | Decision): CacheFill {
  const kind = typeof value === 'boolean' ? 'check' : 'endpoint'
  return { name, token, decision: { kind, targetingKey, asOf, value, ttlMs: TTL_MS } }
}

/** Expects each of the fills to be kept. */
export async function kept(cache: FlagCache, ...fills: readonly CacheFill[]): Promise<void> {
  assert.deepEqual(
    await cache.fill(fills),
    fills.map(() => true),
  )
}

/** Expects each of the fills to be refused. */
export async function notKept(cache: FlagCache, ...fills: readonly CacheFill[]): Promise<void> {
  assert.deepEqual(
    await cache.fill(fills),
    fills.map(() => false),
  )
}
