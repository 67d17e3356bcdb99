import murmurHash3 from 'murmurhash3js'
import { BUCKETS, GATE_SEED, type Hash } from '../../../src/evaluate/bucket.ts'

/** The seed for variants; for gates it is 0. */
const UNLEASH_VARIANT_SEED = 86_028_157

/**
 * A hash by which Flagstone's buckets are those of Unleash, for a flag whose variants have this total weight.
 *
 * For a gate, Unleash numbers a user `hash % 100 + 1`, and numbers up to the rollout are in; for whole percents Flagstone's rule is the same.
 * For a variant, Unleash takes `hash % weight`; here that place is scaled to Flagstone's buckets.
 */
export function unleashHash(weight: number): Hash {
  return (input, seed) => {
    if (seed === GATE_SEED) return murmurHash3.x86.hash32(input, 0)
    const place = murmurHash3.x86.hash32(input, UNLEASH_VARIANT_SEED) % weight
    // The middle of the place, so that rounding a boundary cannot reach it.
    return hashInBucket(Math.floor(((place + 0.5) * BUCKETS) / weight))
  }
}

/** A hash that falls into this bucket. */
function hashInBucket(bucket: number): number {
  return (bucket % 1_000) * 100 + Math.floor(bucket / 1_000)
}
