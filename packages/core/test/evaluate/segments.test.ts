import { beforeAll, describe, expect, test } from 'vitest'
import type { Condition, NewFlag } from '../../src/adapter.ts'
import type { Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { trace } from '../../src/evaluate/trace.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import { segmentKey, segmentNameOf } from '../../src/validate/segment-key.ts'
import { recordOf, target, viewOf } from './views.ts'

let hash: Hash
beforeAll(async () => {
  hash = await loadHash()
})

const inBeta: Condition = { attribute: 'targetingKey', operator: 'inSegment', value: 'beta' }
const compile = (flag: Omit<NewFlag, 'name'>): CompiledFlag => new CompiledFlag(recordOf({ name: 'f', ...flag }), hash)

describe('a segment', () => {
  test('of 10,000 members knows each of them and nobody else', () => {
    const members = Array.from({ length: 10_000 }, (_, index) => `user-${index}`)
    const view = viewOf({ segments: [{ name: 'beta', members }] }, hash)
    const flag = compile({ rules: [{ when: [inBeta] }] })
    for (const key of [members[0], members[5_000], members[9_999]]) expect(flag.evaluate(target(key), view).enabled).toBe(true)
    for (const key of ['user-10000', 'user', 'constructor', '__proto__', 'size'])
      expect(flag.evaluate(target(key), view).enabled).toBe(false)
  })

  test('does not refer to segments: such a condition of it is never met', () => {
    for (const not of [false, true]) {
      const segments = [
        { name: 'beta', when: [{ ...inBeta, value: 'alpha', not }] },
        { name: 'alpha', members: ['ada'] },
      ]
      expect(compile({ rules: [{ when: [inBeta] }] }).evaluate(target('ada'), viewOf({ segments }, hash)).enabled).toBe(false)
    }
  })

  test('that does not exist or is unknown is not met, nor is its negation', () => {
    for (const found of [null, undefined]) {
      for (const not of [false, true]) {
        const flag = compile({ rules: [{ when: [{ ...inBeta, not }] }] })
        expect(flag.evaluate(target('ada'), { now: 0, flag: () => null, segment: () => found }).enabled).toBe(false)
      }
    }
  })

  test('takes lists of attributes of at most 10,000 elements', () => {
    const view = viewOf({ segments: [{ name: 'beta', members: ['x'] }] }, hash)
    const flag = compile({ rules: [{ when: [{ ...inBeta, attribute: 'teams' }] }] })
    const list = (length: number): unknown => ({ teams: [...Array.from({ length: length - 1 }, String), 'x'] })
    expect(flag.evaluate(target(list(10_000)), view).enabled).toBe(true)
    expect(flag.evaluate(target(list(10_001)), view).enabled).toBe(false)
  })

  test('is traced with the attribute and the verdict', () => {
    const flag = compile({ rules: [{ when: [inBeta, { ...inBeta, value: 'gone', not: true }] }] })
    const { rules } = trace(flag, target('ada'), viewOf({ segments: [{ name: 'beta', members: ['ada'] }] }, hash))
    expect(rules[0]?.conditions).toEqual([
      { ...inBeta, actual: '"ada"', verdict: true, met: true },
      {
        ...inBeta,
        value: 'gone',
        not: true,
        actual: '"ada"',
        verdict: 'unknown',
        met: false,
        why: expect.stringContaining('a segment is missing'),
      },
    ])
  })
})

describe('the dependencies of a flag', () => {
  test('are the flags that it requires and the segments of its rules, each once', () => {
    const rules = [{ when: [inBeta, { ...inBeta, value: ['alpha', 'beta'] }] }, { when: [{ ...inBeta, value: 'gamma' }] }]
    const flag = compile({ requires: [{ flag: 'a' }, { flag: 'b' }, { flag: 'a', variant: 'x' }], rules })
    expect(flag.dependencies).toEqual(['a', 'b', 'segment:beta', 'segment:alpha', 'segment:gamma'])
    expect(flag.dependencies.map(segmentNameOf)).toEqual([undefined, undefined, 'beta', 'alpha', 'gamma'])
    expect(segmentKey('beta')).toBe('segment:beta')
  })

  test('are one shared empty list where there are none, and while the flag is disabled', () => {
    const none = compile({ rollout: 50 }).dependencies
    expect(none).toEqual([])
    expect(Object.isFrozen(none)).toBe(true)
    expect(compile({ rules: [{ when: [] }] }).dependencies).toBe(none)
    expect(compile({ enabled: false, rules: [{ when: [inBeta] }], requires: [{ flag: 'a' }] }).dependencies).toBe(none)
  })
})

describe('a flag', () => {
  test('is plain while the targeting key is the only input of its gate', () => {
    const ramp = { from: { at: '2026-01-01T00:00:00Z', rollout: 0 }, to: { at: '2026-01-02T00:00:00Z', rollout: 1 } }
    const variants = [{ name: 'a', value: 1, weight: 1 }]
    for (const plain of [{}, { enabled: false }, { variants }, { rules: [], requires: [] }]) expect(compile(plain).plain).toBe(true)
    for (const not of [{ rules: [{ when: [] }] }, { requires: [{ flag: 'a' }] }, { ramp }, { bucketBy: 'company' }]) {
      expect(compile(not).plain).toBe(false)
      expect(compile({ ...not, enabled: false }).plain).toBe(false)
    }
  })
})
