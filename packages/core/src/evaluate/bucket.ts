/** xxh32 over the UTF-8 bytes of `input` (a lone surrogate reads as U+FFFD): an unsigned 32-bit number. */
export type Hash = (input: string, seed: number) => number

/** How many buckets there are: one for each thousandth of a percent. */
export const BUCKETS = 100_000

/** A variant is drawn with another seed than the gate's, so that the two are independent. */
export const GATE_SEED = 0
export const VARIANT_SEED = 1

/**
 * The bucket of a hash, 0 to 99,999: `hash % 100` gives the whole percent, the next three digits the fraction.
 *
 * Never "fix" this: it is frozen by spec/bucketing.json, and any change moves every user of every flag.
 */
export function bucketOf(hash: number): number {
  return (hash % 100) * 1000 + (Math.floor(hash / 100) % 1000)
}
