import { beforeAll, describe, expect, test } from 'vitest'
import type { NewFlag } from '../../src/adapter.ts'
import type { Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { type Trace, trace } from '../../src/evaluate/trace.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import { type Parts, recordOf, target, viewOf } from './views.ts'

let hash: Hash
beforeAll(async () => {
  hash = await loadHash()
})

// new_feature:user-1 falls at 8.881 and draws at 63.667; see spec/bucketing.json.
function traced(flag: Omit<NewFlag, 'name'>, who: unknown, parts: Parts = {}): Trace {
  return trace(new CompiledFlag(recordOf({ name: 'new_feature', ...flag }), hash), target(who), viewOf(parts, hash))
}
const hashed = { input: 'new_feature:user-1', hash: 4_185_288_108, bucket: 8.881 }
const variants = [
  { name: 'a', value: 1, weight: 1 },
  { name: 'b', value: 2, weight: 3 },
]
const ramp = { from: { at: '2026-01-01T00:00:00Z', rollout: 0 }, to: { at: '2026-01-11T00:00:00Z', rollout: 100 } }
const now = Date.parse('2026-01-02T00:00:00Z')

describe('a trace', () => {
  test('of a rollout has the hashed input, its bucket and the rollout', () => {
    const { bucketing, rules, prerequisites } = traced({ rollout: 50 }, 'user-1')
    expect(bucketing).toEqual({ ...hashed, rollout: 50 })
    expect([rules, prerequisites]).toEqual([[], []])
  })

  test('has the bucket of a user also where nothing had to be hashed', () => {
    expect(traced({ rollout: 100 }, 'user-1').bucketing).toEqual({ ...hashed, rollout: 100 })
    expect(traced({ rollout: 100 }, {})).not.toHaveProperty('bucketing')
  })

  test('hashes what bucketBy names, with the salt', () => {
    const { bucketing } = traced({ rollout: 50, bucketBy: 'company', salt: 'new_feature' }, { targetingKey: 'ada', company: 'user-1' })
    expect(bucketing).toMatchObject(hashed)
  })

  test('has every condition of each rule up to the one that decided, and why a verdict is unknown', () => {
    const rules = [
      {
        name: 'Germans',
        when: [
          { attribute: 'country', operator: 'equals', value: 'DE' },
          { attribute: 'age', operator: 'greaterThan', value: 18 },
          { attribute: 'plan', operator: 'in', value: ['pro'], not: true },
          { attribute: 'email', operator: 'endsWith', value: '.de', ignoreCase: true },
        ],
      },
      { when: [] },
      { when: [] },
    ] as const
    const { decision, ...rest } = traced({ rules }, { country: 'FR', age: '19', plan: 'free' })
    expect(decision.rule).toEqual({ index: 1 })
    expect(rest.rules).toEqual([
      {
        index: 0,
        name: 'Germans',
        met: false,
        conditions: [
          { attribute: 'country', operator: 'equals', value: 'DE', actual: '"FR"', verdict: false, met: false },
          {
            attribute: 'age',
            operator: 'greaterThan',
            value: 18,
            actual: '"19"',
            verdict: 'unknown',
            met: false,
            why: 'the attribute is of no type that greaterThan takes with this value, or too long',
          },
          { attribute: 'plan', operator: 'in', value: ['pro'], not: true, actual: '"free"', verdict: false, met: true },
          {
            attribute: 'email',
            operator: 'endsWith',
            value: '.de',
            ignoreCase: true,
            verdict: 'unknown',
            met: false,
            why: 'the attribute is missing',
          },
        ],
      },
      { index: 1, met: true, conditions: [] },
    ])
  })

  test('has the range of each variant, where one was drawn', () => {
    const { draw } = traced({ rollout: 100, variants }, 'user-1')
    expect(draw).toEqual({
      input: 'new_feature:user-1',
      hash: 1_033_566_763,
      bucket: 63.667,
      ranges: [
        { name: 'a', from: 0, to: 25 },
        { name: 'b', from: 25, to: 100 },
      ],
    })
  })

  test('has no draw where the user is out, has no key or gets the variant of a rule, or where no variant has a weight', () => {
    const weightless = variants.map((variant) => ({ ...variant, weight: 0 }))
    for (const [flag, who] of [
      [{ rollout: 0, variants }, 'user-1'],
      [{ rollout: 100, variants }, {}],
      [{ variants, rules: [{ when: [], variant: 'a' }] }, 'user-1'],
      [{ rollout: 100, variants: weightless }, 'user-1'],
      [{ rollout: 100 }, 'user-1'],
    ] as const) {
      expect(traced(flag, who)).not.toHaveProperty('draw')
    }
    expect(traced({ variants, rules: [{ when: [] }] }, 'user-1')).toHaveProperty('draw')
  })

  test('of a ramp has the rollout at that moment, and when the user is in', () => {
    expect(traced({ ramp }, 'user-1', { now }).ramp).toEqual({ ...ramp, rollout: 10, stay: { since: '2026-01-01T21:19:00.480Z' } })
    const falling = { from: { ...ramp.from, rollout: 100 }, to: { ...ramp.to, rollout: 0 } }
    expect(traced({ ramp: falling }, 'user-1', { now }).ramp).toMatchObject({
      rollout: 90,
      stay: { until: expect.stringContaining('2026-01-10T') },
    })
    const flat = (rollout: number): NewFlag['ramp'] => ({ from: { ...ramp.from, rollout }, to: { ...ramp.to, rollout } })
    expect(traced({ ramp: flat(8) as typeof ramp }, 'user-1', { now }).ramp).toMatchObject({ stay: 'never' })
    expect(traced({ ramp: flat(9) as typeof ramp }, 'user-1', { now }).ramp).toMatchObject({ stay: {} })
    expect(traced({ ramp }, {}, { now }).ramp).toEqual({ ...ramp, rollout: 10 })
  })

  test('has no ramp where the ramp did not decide', () => {
    expect(traced({ ramp, enabled: false }, 'user-1', { now })).not.toHaveProperty('ramp')
    expect(traced({ ramp, rules: [{ when: [] }] }, 'user-1', { now })).not.toHaveProperty('ramp')
    expect(traced({ ramp, requires: [{ flag: 'gone' }] }, 'user-1', { now })).not.toHaveProperty('ramp')
    expect(traced({ rollout: 50 }, 'user-1', { now })).not.toHaveProperty('ramp')
  })

  test('of a disabled flag has no steps', () => {
    const { rules, prerequisites, decision } = traced({ enabled: false, rules: [{ when: [] }], requires: [{ flag: 'gone' }] }, 'user-1')
    expect([rules, prerequisites, decision.reason]).toEqual([[], [], 'DISABLED'])
  })

  test('of a key that is missing names the attribute that is hashed', () => {
    expect(traced({ rollout: 50, bucketBy: 'company.id' }, 'user-1').decision.errorMessage).toContain('the attribute company.id')
    expect(traced({ rollout: 50 }, {}).decision.errorMessage).toContain('a targeting key')
    expect(traced({ rollout: 100, bucketBy: 'company.id', variants }, 'user-1').decision.errorMessage).toContain('the attribute company.id')
  })

  test('of a bucketBy whose getter throws counts it as missing', () => {
    const context = {
      get company() {
        throw new Error('boom')
      },
    }
    expect(traced({ rollout: 50, bucketBy: 'company' }, context).decision).toMatchObject({
      reason: 'ERROR',
      errorCode: 'TARGETING_KEY_MISSING',
    })
  })
})
