import type { Decision, FlagRecord } from '../contracts/index.ts'
import { BUCKETS, bucketOf, GATE_SEED, type Hash, thresholdOf } from './bucket.ts'

/** A flag made ready to be asked: compiled once, when it enters memory. Pure: the same key always gets the same answer. */
export class CompiledFlag {
  readonly record: FlagRecord
  readonly #hash: Hash
  /** What every hash input starts with. */
  readonly #prefix: string
  /** Below which bucket a key is in; 0 where the flag is disabled. */
  readonly #threshold: number
  /** The same in whole percents, where the rollout has no fraction: then only `hash % 100` counts. */
  readonly #percent: number | undefined

  constructor(record: FlagRecord, hash: Hash) {
    this.record = record
    this.#hash = hash
    this.#prefix = `${record.salt ?? record.name}:`
    this.#threshold = record.enabled ? thresholdOf(record.rollout) : 0
    this.#percent = this.#threshold % 1000 === 0 ? this.#threshold / 1000 : undefined
  }

  /** Whether a targeting key gets the flag. The key is not empty. */
  admits(key: string): boolean {
    const threshold = this.#threshold
    if (threshold === 0) return false
    if (threshold === BUCKETS) return true
    const hash = this.#hash(this.#prefix + key, GATE_SEED)
    return this.#percent === undefined ? bucketOf(hash) < threshold : hash % 100 < this.#percent
  }

  /** The same answer with its reasons. */
  decide(key: string | undefined): Decision {
    const { name, version, rollout, enabled } = this.record
    const known = { name, version, rollout, ...(key === undefined ? {} : { targetingKey: key }) }
    if (!enabled) return { ...known, enabled: false, reason: 'DISABLED' }
    if (this.#threshold === 0 || this.#threshold === BUCKETS) return { ...known, enabled: this.#threshold === BUCKETS, reason: 'STATIC' }
    if (key === undefined) {
      const errorMessage = `Flag ${name} is rolled out to ${rollout} %, which takes a targeting key: pass a user id.`
      return { ...known, enabled: false, reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING', errorMessage }
    }
    const bucket = bucketOf(this.#hash(this.#prefix + key, GATE_SEED))
    return { ...known, enabled: bucket < this.#threshold, reason: 'SPLIT', bucket: bucket / 1000 }
  }
}

/** The decision of a flag that does not exist. */
export function absent(name: string, key: string | undefined): Decision {
  const errorMessage = `Flag ${name} does not exist.`
  const asked = { name, ...(key === undefined ? {} : { targetingKey: key }) }
  return { ...asked, enabled: false, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND', errorMessage }
}
