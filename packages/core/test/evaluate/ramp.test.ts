import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ramp } from '../../src/adapter.ts'
import { compileRamp } from '../../src/evaluate/ramp.ts'

const MAX_MS = Date.parse('9999-12-31T23:59:59.999Z')
const iso = (ms: number): string => new Date(ms).toISOString()
const rollout = fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 1_000)
const moment = fc.oneof(fc.integer({ min: 0, max: MAX_MS }), fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }))

const anyRamp: fc.Arbitrary<Ramp> = fc
  .tuple(moment, moment, rollout, rollout)
  .filter(([a, b]) => a !== b)
  .map(([a, b, first, last]) => ({
    from: { at: iso(Math.min(a, b)), rollout: first },
    to: { at: iso(Math.max(a, b)), rollout: last },
  }))

function compiled(ramp: Ramp): NonNullable<ReturnType<typeof compileRamp>> {
  const line = compileRamp(ramp)
  if (line === undefined) throw new Error('no ramp')
  return line
}

/** The threshold by exact arithmetic. */
function exactThreshold({ from, to }: Ramp, now: number): number {
  const [start, end] = [BigInt(Date.parse(from.at)), BigInt(Date.parse(to.at))]
  const at = BigInt(now) < start ? start : BigInt(now) > end ? end : BigInt(now)
  const [first, last] = [from, to].map((point) => BigInt(Math.round(point.rollout * 1_000))) as [bigint, bigint]
  // All terms are at least 0, so that dividing cuts off downwards.
  return Number((first * (end - at) + last * (at - start)) / (end - start))
}

describe('a ramp', () => {
  test('is the exact line between its points, rounded down, and is constant outside of them', () => {
    fc.assert(
      fc.property(anyRamp, moment, (ramp, now) => {
        expect(compiled(ramp).thresholdAt(now)).toBe(exactThreshold(ramp, now))
      }),
      { numRuns: 2_000 },
    )
  })

  test('that rises never removes anybody, one that falls never adds anybody', () => {
    fc.assert(
      fc.property(anyRamp, moment, moment, (ramp, a, b) => {
        const [early, late] = [Math.min(a, b), Math.max(a, b)].map((now) => compiled(ramp).thresholdAt(now)) as [number, number]
        if (ramp.from.rollout <= ramp.to.rollout) expect(late).toBeGreaterThanOrEqual(early)
        else expect(late).toBeLessThanOrEqual(early)
      }),
    )
  })

  test('tells to the millisecond when a user gets in or out', () => {
    fc.assert(
      fc.property(anyRamp, fc.integer({ min: 0, max: 99_999 }), moment, (ramp, bucket, now) => {
        const line = compiled(ramp)
        const isIn = (at: number): boolean => bucket < line.thresholdAt(at)
        const stay = line.stayOf(bucket)
        if (stay === undefined) {
          expect(isIn(now)).toBe(false)
          return
        }
        if (stay.since !== undefined) expect([isIn(Date.parse(stay.since) - 1), isIn(Date.parse(stay.since))]).toEqual([false, true])
        if (stay.until !== undefined) expect([isIn(Date.parse(stay.until) - 1), isIn(Date.parse(stay.until))]).toEqual([true, false])
        const [since, until] = [Date.parse(stay.since ?? iso(0)), Date.parse(stay.until ?? iso(MAX_MS + 1))]
        expect(isIn(now)).toBe(since <= now && now < until)
      }),
      { numRuns: 2_000 },
    )
  })

  test('with moments out of order, or with an invalid moment or rollout, is refused', () => {
    const point = (at: string, each: number): Ramp['from'] => ({ at, rollout: each })
    const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'] as const
    expect(compileRamp({ from: point(late, 0), to: point(early, 100) })).toBeUndefined()
    expect(compileRamp({ from: point(early, 0), to: point(early, 100) })).toBeUndefined()
    expect(compileRamp({ from: point('soon', 0), to: point(late, 100) })).toBeUndefined()
    expect(compileRamp({ from: point(early, 0), to: point('later', 100) })).toBeUndefined()
    expect(compileRamp({ from: point(early, Number.NaN), to: point(late, 100) })).toBeUndefined()
    expect(compileRamp({ from: point(early, 0), to: point(late, 101) })).toBeUndefined()
  })

  test('has its first rollout where the time is not a number', () => {
    const line = compiled({ from: { at: '2026-01-01T00:00:00Z', rollout: 5 }, to: { at: '2026-01-02T00:00:00Z', rollout: 10 } })
    expect(line.thresholdAt(Number.NaN)).toBe(5_000)
  })
})
