import murmurHash3 from 'murmurhash3js'
import { BUCKETS, GATE_SEED, type Hash } from '../../../src/evaluate/bucket.ts'

/** Of a variant; a gate has 0. */
const UNLEASH_VARIANT_SEED = 86_028_157

/**
 * A hash by which Flagstone's buckets are those of Unleash, for a flag whose variants have this weight in all.
 *
 * To Unleash a user of a gate is number `hash % 100 + 1` and in up to the rollout; for whole percents Flagstone's rule is the same. A
 * variant is drawn by `hash % weight`, on a line as long as the weight, which lies along Flagstone's line here.
 */
export function unleashHash(weight: number): Hash {
  return (input, seed) => {
    if (seed === GATE_SEED) return murmurHash3.x86.hash32(input, 0)
    const place = murmurHash3.x86.hash32(input, UNLEASH_VARIANT_SEED) % weight
    // The middle of its place, so that no rounding of a boundary reaches it.
    return hashInBucket(Math.floor(((place + 0.5) * BUCKETS) / weight))
  }
}

/** A hash that falls into this bucket. */
function hashInBucket(bucket: number): number {
  return (bucket % 1_000) * 100 + Math.floor(bucket / 1_000)
}
