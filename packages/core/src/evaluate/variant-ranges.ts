import type { JsonValue, Variant } from '../contracts/index.ts'
import { isWeight, thousandthsOf } from '../validate/weight.ts'
import { BUCKETS } from './bucket.ts'

/** A variant and the buckets that draw it: from `from` up to, not including, `to`. */
export interface VariantRange {
  readonly name: string
  readonly value: JsonValue
  readonly from: number
  readonly to: number
}

/** Variants side by side over the 100,000 buckets, each with a part in proportion to its weight. */
export interface VariantRanges {
  readonly ranges: readonly VariantRange[]
  /** The variant that everybody draws, where no other has a weight. */
  readonly only: VariantRange | undefined
  /** Whether no variant has a weight, so that none is drawn. */
  readonly weightless: boolean
  named(name: string): VariantRange | undefined
  at(bucket: number): VariantRange | undefined
}

/**
 * Each boundary is the sum of the weights up to it, divided by the sum of all weights, times 100,000, rounded half up. So a change of one
 * weight moves only those between the boundaries that it moves. Never use a modulus over the sum of the weights: it would move everybody.
 */
export function variantRanges(variants: readonly Variant[]): VariantRanges {
  const weights = variants.map(({ weight }) => (isWeight(weight) ? BigInt(thousandthsOf(weight)) : 0n))
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  let before = 0n
  let from = 0
  const ranges = variants.map(({ name, value }, index): VariantRange => {
    before += weights[index] ?? 0n
    // With BigInt, as the products exceed what a double can hold.
    const to = total === 0n ? 0 : Number((2n * before * BigInt(BUCKETS) + total) / (2n * total))
    const range = { name, value, from, to }
    from = to
    return range
  })
  const byName = new Map(ranges.map((range) => [range.name, range]))
  return {
    ranges,
    only: ranges.find((range) => range.from === 0 && range.to === BUCKETS),
    weightless: total === 0n,
    named: (name) => byName.get(name),
    at: (bucket) => ranges.find((range) => bucket < range.to),
  }
}
