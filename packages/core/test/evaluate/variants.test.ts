import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Variant } from '../../src/adapter.ts'
import { BUCKETS, bucketOf, type Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { EMPTY_VIEW } from '../../src/evaluate/evaluation-view.ts'
import { plainTarget } from '../../src/evaluate/target.ts'
import { variantRanges } from '../../src/evaluate/variant-ranges.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import { isWeight } from '../../src/validate/weight.ts'
import { recordOf, target, viewOf } from './views.ts'

let hash: Hash
beforeAll(async () => {
  hash = await loadHash()
})

const variantsWith = (weights: readonly number[]): Variant[] =>
  weights.map((weight, index) => ({ name: `v${index}`, value: index, weight }))
const weight = fc.oneof(
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.integer({ min: 0, max: 1_000_000_000 }).map((thousandths) => thousandths / 1_000),
  fc.constantFrom(0, 0.001, 1, 1_000_000),
)
const weights = fc.array(weight, { minLength: 1, maxLength: 100 })

/** The boundary after a variant, by exact arithmetic. */
function boundary(list: readonly number[], index: number): number {
  const exact = list.map((each) => BigInt(Math.round(each * 1_000)))
  const sum = (parts: readonly bigint[]): bigint => parts.reduce((total, each) => total + each, 0n)
  const [cumulated, total] = [sum(exact.slice(0, index + 1)), sum(exact)]
  return total === 0n ? 0 : Number((cumulated * 200_000n + total) / (total * 2n))
}

describe('a weight', () => {
  test('is a number from 0 to 1,000,000 with at most three decimals', () => {
    for (const legal of [0, 0.001, 1, 33.333, 2.007, 1_000_000]) expect(isWeight(legal), String(legal)).toBe(true)
    for (const illegal of [-1, 0.0001, 1_000_000.001, Number.NaN, Number.POSITIVE_INFINITY])
      expect(isWeight(illegal), String(illegal)).toBe(false)
  })
})

describe('the line of variants', () => {
  test('ends each variant where the sum of the weights so far ends, rounded to the nearest bucket', () => {
    fc.assert(
      fc.property(weights, (list) => {
        expect(variantRanges(variantsWith(list)).ranges.map(({ to }) => to)).toEqual(list.map((_, index) => boundary(list, index)))
      }),
    )
  })

  test('gives every bucket to one variant, and none to a variant without weight', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: BUCKETS - 1 }), (list, bucket) => {
        const line = variantRanges(variantsWith(list))
        expect(line.weightless).toBe(list.every((each) => each === 0))
        const drawn = line.at(bucket)
        if (line.weightless) {
          expect(drawn).toBeUndefined()
          return
        }
        expect(list[drawn?.value as number]).toBeGreaterThan(0)
        expect(line.ranges.filter(({ from, to }) => from <= bucket && bucket < to)).toEqual([drawn])
      }),
    )
  })

  test('moves only those between the boundaries that a changed weight moves', () => {
    fc.assert(
      fc.property(weights, fc.nat(99), weight, fc.integer({ min: 0, max: BUCKETS - 1 }), (list, at, changed, bucket) => {
        const other = list.with(at % list.length, changed)
        const [before, after] = [variantRanges(variantsWith(list)), variantRanges(variantsWith(other))]
        const [was, is] = [before.at(bucket)?.value, after.at(bucket)?.value]
        const isBetween = before.ranges.some(({ to }, index) => {
          const moved = after.ranges[index]?.to ?? to
          return Math.min(to, moved) <= bucket && bucket < Math.max(to, moved)
        })
        if (!isBetween) expect(is).toBe(was)
      }),
      { numRuns: 500 },
    )
  })

  test('of equal weights moves few users when one weight changes a little, unlike a modulus over the sum', () => {
    const [before, after] = [variantRanges(variantsWith([50, 50])), variantRanges(variantsWith([51, 50]))]
    const moved = Array.from({ length: BUCKETS }, (_, bucket) => before.at(bucket)?.name !== after.at(bucket)?.name).filter(Boolean)
    expect(moved.length).toBe(495)
  })
})

describe('a drawn variant', () => {
  // 4 degrees of freedom: chi² above 18.5 has a probability of 0.1 %. The ids are fixed, so the result never varies.
  test('is as frequent as its weight, for sequential ids', () => {
    const list = [1, 2, 3, 4, 10]
    for (const name of ['checkout', 'new_feature']) {
      const flag = new CompiledFlag(recordOf({ name, rollout: 100, variants: variantsWith(list) }), hash)
      const users = 50_000
      const seen = list.map(() => 0)
      for (let id = 0; id < users; id++) {
        const { value } = flag.evaluate(plainTarget(`user-${id}`), EMPTY_VIEW)
        seen[value as number] = (seen[value as number] ?? 0) + 1
      }
      const chiSquared = seen.reduce(
        (sum, count, index) => sum + (count - (users * (list[index] ?? 0)) / 20) ** 2 / ((users * (list[index] ?? 0)) / 20),
        0,
      )
      expect(chiSquared, name).toBeLessThan(18.5)
    }
  })

  test('is as frequent among those whom a small rollout lets in as among all', () => {
    const flag = new CompiledFlag(recordOf({ name: 'checkout', rollout: 10, variants: variantsWith([1, 1]) }), hash)
    const drawn = Array.from({ length: 100_000 }, (_, id) => flag.evaluate(plainTarget(String(id)), EMPTY_VIEW).value).filter(
      (value) => value !== undefined,
    )
    const first = drawn.filter((value) => value === 0).length
    // The standard deviation of 10,000 fair draws is 50.
    expect(Math.abs(first - drawn.length / 2)).toBeLessThan(200)
  })

  test('is the one that the hash with seed 1 falls on', () => {
    const variants = variantsWith([1, 2, 3])
    const flag = new CompiledFlag(recordOf({ name: 'checkout', rollout: 100, variants }), hash)
    for (let id = 0; id < 1_000; id++) {
      expect(flag.evaluate(plainTarget(String(id)), EMPTY_VIEW).variant).toBe(
        variantRanges(variants).at(bucketOf(hash(`checkout:${id}`, 1)))?.name,
      )
    }
  })

  test('that a rule gives but the flag does not have is an error, and the gate stays as it is', () => {
    const rules = [{ name: 'wrong', when: [], variant: 'gone' }]
    for (const variants of [variantsWith([1]), []]) {
      const flag = new CompiledFlag(recordOf({ name: 'checkout', rules, variants }), hash)
      const decision = flag.evaluate(target('ada'), viewOf({}, hash))
      expect(decision).toMatchObject({
        enabled: true,
        reason: 'TARGETING_MATCH',
        errorCode: 'PARSE_ERROR',
        rule: { index: 0, name: 'wrong' },
      })
      expect(decision.errorMessage).toContain('no variant gone')
      expect(decision).not.toHaveProperty('value')
    }
  })
})
