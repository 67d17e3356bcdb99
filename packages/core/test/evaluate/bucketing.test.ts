import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { h32 as referenceHash } from 'xxhashjs'
import type { FlagRecord } from '../../src/contracts/index.ts'
import { bucketOf, type Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import { isRollout } from '../../src/validate/rollout.ts'

interface Vector {
  readonly group: string
  readonly salt: string
  readonly key: string | { readonly repeat: string; readonly times: number }
  readonly hash: number
  readonly variantHash: number
  readonly bucket: number
  readonly cases: readonly { readonly rollout: number; readonly in: boolean }[]
}

const spec = JSON.parse(readFileSync(new URL('../../../../spec/bucketing.json', import.meta.url), 'utf8')) as {
  readonly hashVersion: number
  readonly vectors: readonly Vector[]
}

const keyOf = ({ key }: Vector): string => (typeof key === 'string' ? key : key.repeat.repeat(key.times))

let hash: Hash
beforeAll(async () => {
  hash = await loadHash()
})

function flag(rollout: number, salt = 'new_feature'): CompiledFlag {
  const record: FlagRecord = {
    name: 'new_feature',
    schema: 1,
    enabled: true,
    rollout,
    salt,
    hashVersion: 1,
    version: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
  }
  return new CompiledFlag(record, hash)
}

describe('the golden vectors', () => {
  test('cover every kind of key and both sides of the boundaries', () => {
    const groups = new Set(spec.vectors.map((vector) => vector.group))
    expect([...groups].sort()).toEqual(['ascii', 'boundary', 'emoji', 'empty', 'lone surrogate', 'long', 'multi-byte', 'salt', 'special'])
    expect(spec.hashVersion).toBe(1)
    expect(spec.vectors.length).toBeGreaterThan(100)
  })

  test('hold for the hash that the library uses', () => {
    for (const vector of spec.vectors) {
      const input = `${vector.salt}:${keyOf(vector)}`
      expect([hash(input, 0), hash(input, 1)], JSON.stringify(vector.key)).toEqual([vector.hash, vector.variantHash])
    }
  })

  test('hold for an xxHash that is not the one the library uses', () => {
    for (const vector of spec.vectors) {
      const input = Buffer.from(`${vector.salt}:${keyOf(vector)}`, 'utf8')
      const [gate, variant] = [0, 1].map((seed) => referenceHash(input, seed).toNumber())
      expect([gate, variant], JSON.stringify(vector.key)).toEqual([vector.hash, vector.variantHash])
    }
  })

  test('hold for buckets and for who is in, on both sides of each boundary', () => {
    for (const vector of spec.vectors) {
      expect(bucketOf(vector.hash)).toBe(vector.bucket)
      for (const { rollout, in: isIn } of vector.cases) {
        expect(flag(rollout, vector.salt).admits(keyOf(vector)), `${JSON.stringify(vector.key)} at ${rollout} %`).toBe(isIn)
      }
    }
  })
})

describe('a rollout', () => {
  test('is legal from 0 to 100 with at most three decimals', () => {
    for (const legal of [0, 0.001, 2.007, 8.035, 33.333, 50, 99.999, 100]) expect(isRollout(legal), String(legal)).toBe(true)
    for (const illegal of [-0.001, -1, 100.001, 101, 0.0001, 33.3333, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(isRollout(illegal), String(illegal)).toBe(false)
    }
  })

  test('of whole percents is hash % 100 with users counted from 1', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 100 }), (key, rollout) => {
        expect(flag(rollout).admits(key)).toBe((hash(`new_feature:${key}`, 0) % 100) + 1 <= rollout)
      }),
    )
  })

  test('only adds users when it is raised, for every legal pair of rollouts', () => {
    const thousandths = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), thousandths, thousandths, (key, a, b) => {
        const [low, high] = [Math.min(a, b) / 1000, Math.max(a, b) / 1000]
        if (flag(low).admits(key)) expect(flag(high).admits(key)).toBe(true)
      }),
    )
  })

  test('of 0 admits nobody and of 100 everybody', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        expect([flag(0).admits(key), flag(100).admits(key)]).toEqual([false, true])
      }),
    )
  })
})

describe('sequential ids', () => {
  const users = 200_000

  // 99 degrees of freedom: chi² above 149 has a probability of 0.1 %. The ids are fixed, so the result never varies.
  test('spread evenly over the 100 buckets', () => {
    for (const salt of ['new_feature', 'checkout', 'a']) {
      const seen = new Array<number>(100).fill(0)
      for (let id = 0; id < users; id++) {
        const bucket = Math.floor(bucketOf(hash(`${salt}:${id}`, 0)) / 1000)
        seen[bucket] = (seen[bucket] ?? 0) + 1
      }
      const expected = users / 100
      const chiSquared = seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
      expect(chiSquared, salt).toBeLessThan(149)
    }
  })

  // 1 degree of freedom: chi² above 10.8 has a probability of 0.1 %.
  test('fall into two flags, and into gate and variant, independently', () => {
    const pairs: readonly (readonly [string, number, string, number])[] = [
      ['new_feature', 0, 'checkout', 0],
      ['a', 0, 'b', 0],
      ['new_feature', 0, 'new_feature', 1],
    ]
    for (const [saltA, seedA, saltB, seedB] of pairs) {
      const table = [0, 0, 0, 0]
      for (let id = 0; id < users; id++) {
        const a = bucketOf(hash(`${saltA}:${id}`, seedA)) < 50_000 ? 2 : 0
        const b = bucketOf(hash(`${saltB}:${id}`, seedB)) < 50_000 ? 1 : 0
        table[a + b] = (table[a + b] ?? 0) + 1
      }
      const [n00 = 0, n01 = 0, n10 = 0, n11 = 0] = table
      const chiSquared = (users * (n00 * n11 - n01 * n10) ** 2) / ((n00 + n01) * (n10 + n11) * (n00 + n10) * (n01 + n11))
      expect(chiSquared, `${saltA} ${saltB}`).toBeLessThan(10.8)
    }
  })
})
